"""The seven states of a job, and which may follow which."""

from django.db.models import TextChoices
from django.tasks import TaskResultStatus


class Status(TextChoices):
    #: Waits for other jobs to end.
    BLOCKED = "blocked"
    #: Its `run_after` lies ahead: asked for at the start, or set by a retry's backoff or a snooze.
    DEFERRED = "deferred"
    #: May start as soon as a worker has a free slot.
    READY = "ready"
    #: A worker holds its lease and runs it. Says nothing about whether that worker still lives.
    RUNNING = "running"
    #: The function returned; the result is stored.
    SUCCESSFUL = "successful"
    #: Will not be tried again by itself; `errors` says why.
    FAILED = "failed"
    #: Ended on request, before or while it ran.
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        return self in ENDED

    @property
    def django(self) -> TaskResultStatus:
        """The one of django.tasks' four states that this one counts as."""
        return _DJANGO[self]


ENDED = frozenset({Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED})
UNSUCCESSFUL = (Status.FAILED, Status.CANCELLED)
WAITING = frozenset({Status.BLOCKED, Status.DEFERRED, Status.READY})
ACTIVE = WAITING | {Status.RUNNING}

_DJANGO = {
    Status.BLOCKED: TaskResultStatus.READY,
    Status.DEFERRED: TaskResultStatus.READY,
    Status.READY: TaskResultStatus.READY,
    Status.RUNNING: TaskResultStatus.RUNNING,
    Status.SUCCESSFUL: TaskResultStatus.SUCCESSFUL,
    Status.FAILED: TaskResultStatus.FAILED,
    Status.CANCELLED: TaskResultStatus.FAILED,
}
