"""The backend's OPTIONS, read once into one frozen value."""

from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

#: The one backend alias whose OPTIONS the engine reads.
ALIAS = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour of the engine; each is a key of `TASKS["default"]["OPTIONS"]`."""

    #: Where Redis is: a redis://, rediss:// or unix:// URL.
    redis_url: str
    #: Jobs that one worker process runs at the same time.
    slots: int = 20
    #: How long a job may run in one attempt when its task names no timeout.
    timeout_seconds: float = 300
    #: How long a worker that was told to stop lets running jobs go on.
    grace_seconds: float = 25
    #: Arguments of one job as JSON, in bytes.
    max_argument_bytes: int = 64 * 1024
    #: A return value as JSON, in bytes; a larger one is recorded as too large (keep big results in files).
    max_result_bytes: int = 256 * 1024
    #: One uploaded file, in bytes.
    max_upload_bytes: int = 100 * 1024 * 1024

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
    return Options(**given)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "TASKS":
        options.cache_clear()


setting_changed.connect(_forget)
