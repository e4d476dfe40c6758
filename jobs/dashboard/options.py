"""What a form asks besides the task's arguments: in which queue, how urgent, when."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import QueryDict
from django.tasks import task_backends
from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from django.utils import timezone

from jobs.dashboard.texts import moment, number
from jobs.task import Task


@dataclass(slots=True)
class Options:
    """Texts as they stand in the inputs."""

    queue: str
    priority: str
    #: Local to `zone`; empty: at once.
    run_at: str = ""
    #: IANA name; a browser with JavaScript says its own.
    zone: str = ""
    #: Sentences by the name of the input.
    errors: dict[str, str] = field(default_factory=dict)
    queues: list[str] = field(default_factory=list)
    #: For `Task.using()`.
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def are_in_sight(self) -> bool:
        """Whether something was filled in or is wrong, so that folding them away would hide it."""
        return bool(self.errors or self.run_at)


def blank(task: Task) -> Options:
    queues = sorted(task_backends[task.backend].queues)
    return Options(
        task.queue_name, str(task.priority), queues=queues, zone=timezone.get_default_timezone_name()
    )


def read(task: Task, post: QueryDict) -> Options:
    options = blank(task)
    options.queue = post.get("queue") or options.queue
    options.priority = post.get("priority") or options.priority
    options.run_at = post.get("run_at", "")
    options.zone = post.get("zone") or options.zone
    options.changes = {
        "queue_name": _queue(options),
        "priority": _priority(options),
        "run_after": _run_after(options),
    }
    return options


def zone_of(options: Options) -> tzinfo:
    """UTC or the like for a name that is none."""
    try:
        return ZoneInfo(options.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.get_default_timezone()


def _queue(options: Options) -> str | None:
    if options.queue in options.queues:
        return options.queue
    options.errors["queue"] = f"There is no such queue; expected one of {', '.join(options.queues)}."
    return None


def _priority(options: Options) -> int | None:
    given = number(options.priority)
    if isinstance(given, int) and TASK_MIN_PRIORITY <= given <= TASK_MAX_PRIORITY:
        return given
    options.errors["priority"] = f"Expected a whole number from {TASK_MIN_PRIORITY} to {TASK_MAX_PRIORITY}."
    return None


def _run_after(options: Options) -> datetime | None:
    if not options.run_at:
        return None
    try:
        return moment(options.run_at, zone_of(options))
    except ValueError:
        options.errors["run_at"] = "Expected a date and a time, such as 2030-01-31 08:00."
        return None
