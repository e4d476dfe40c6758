"""The backend's OPTIONS, read once into one frozen value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.tasks import DEFAULT_TASK_QUEUE_NAME

#: The one backend alias whose OPTIONS the engine reads.
ALIAS = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """What one queue has of a worker's slots."""

    #: Its share while several queues have work: 3 gets three times the slots of 1.
    weight: int = 1
    #: The most that it may have at the same time, however idle the others are; None: all.
    max_slots: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("weight", self.weight), ("max_slots", self.max_slots)):
            if value is not None and value < 1:
                raise ImproperlyConfigured(f"{name} of a queue must be at least 1, got {value!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour of the engine; each is a key of `TASKS["default"]["OPTIONS"]`."""

    #: Where Redis is: a redis://, rediss:// or unix:// URL.
    redis_url: str
    #: Jobs that one worker process runs at the same time.
    slots: int = 20
    #: What single queues have of these, by name, each a dict of QueueOptions' fields.
    queues: Mapping[str, QueueOptions] = field(default_factory=dict)
    #: Plain arq coroutines that workers run too, by dotted path: without a row, their results in Redis.
    functions: Sequence[str] = ()
    #: How long a job may run in one attempt when its task names no timeout.
    timeout_seconds: float = 300
    #: How long a worker that was told to stop lets running jobs go on.
    grace_seconds: float = 25
    #: How long a job is kept after its end, with its events and files; and an upload that no job needs. None: for ever.
    keep_seconds: float | None = 7 * 24 * 3600
    #: Where a worker answers `GET /livez`; None: nowhere.
    worker_port: int | None = None
    #: Arguments of one job as JSON, in bytes.
    max_argument_bytes: int = 64 * 1024
    #: A return value as JSON, in bytes; a larger one is recorded as too large (keep big results in files).
    max_result_bytes: int = 256 * 1024
    #: Jobs that one owner may submit over HTTP: so many a second for long, and so many at once.
    submissions_per_second: float = 1000
    submission_burst: int = 20_000
    #: Jobs of one owner that may wait or run at the same time, for HTTP to accept more.
    max_jobs_per_owner: int = 100_000
    #: Jobs of one batch, and its body in bytes.
    max_batch_jobs: int = 10_000
    max_batch_bytes: int = 16 * 1024 * 1024
    #: One uploaded file, in bytes.
    max_upload_bytes: int = 100 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.keep_seconds is not None and not self.keep_seconds > 0:
            raise ImproperlyConfigured(
                f"keep_seconds must be positive, or None to keep jobs for ever; got {self.keep_seconds!r}."
            )
        if not self.submissions_per_second > 0:
            raise ImproperlyConfigured(
                f"submissions_per_second must be positive, got {self.submissions_per_second!r}."
            )
        if self.submission_burst < self.max_batch_jobs:
            raise ImproperlyConfigured(
                f"submission_burst must be at least max_batch_jobs, {self.max_batch_jobs}, or no owner could submit "
                f"a whole batch; got {self.submission_burst!r}."
            )

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.timeout_seconds)


@cache
def options() -> Options:
    """The options in force; raises ImproperlyConfigured for an unknown or missing one."""
    backend: dict[str, Any] = dict(settings.TASKS[ALIAS])
    given: dict[str, Any] = backend.get("OPTIONS", {})
    known = {field.name for field in fields(Options)}
    if unknown := sorted(given.keys() - known):
        raise ImproperlyConfigured(
            f"TASKS['{ALIAS}']['OPTIONS'] has no option {unknown[0]!r}; expected some of {', '.join(sorted(known))}."
        )
    if "redis_url" not in given:
        raise ImproperlyConfigured(
            f"TASKS['{ALIAS}']['OPTIONS'] needs 'redis_url', e.g. 'redis://localhost:6379'."
        )
    return Options(**{**given, "queues": _queues(backend, given.get("queues", {}))})


def _queues(backend: dict[str, Any], given: dict[str, dict[str, Any]]) -> dict[str, QueueOptions]:
    declared = backend.get("QUEUES", [DEFAULT_TASK_QUEUE_NAME])
    if undeclared := sorted(given.keys() - set(declared)):
        raise ImproperlyConfigured(
            f"Queue {undeclared[0]!r} is not declared; add it to TASKS['{ALIAS}']['QUEUES']."
        )
    return {name: QueueOptions(**values) for name, values in given.items()}


def _forget(*, setting: str, **_: object) -> None:
    if setting == "TASKS":
        options.cache_clear()


setting_changed.connect(_forget)
