"""One change of one job: its new status and the event that says so."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from jobs.errors import JobError
from jobs.events.shapes import status_data
from jobs.models import EventKind, Job
from jobs.models.row import EventRow, JobRow
from jobs.rules.arrows import may_follow
from jobs.status import Status

#: What a transition outside the hot path may change.
CHANGING = ("status", "seq", "attempt", "worker_deaths", "finished_at", "workers", "errors", "unknown_at")

#: What the event says when somebody wanted the job to end.
CANCELLED_ON_REQUEST = "cancelled on request"


def to(job: Job, status: Status, *, now: datetime, reason: str = "") -> EventRow:
    """Moves a locked row to `status` and answers its event; neither is saved yet."""
    check_arrow(Status(job.status), status)
    job.status = status
    if status.is_ended:
        job.finished_at = now
    job.seq += 1
    return status_event(job, now=now, reason=reason)


def check_arrow(before: Status, after: Status) -> None:
    assert may_follow(before, after), f"{before} → {after} is no arrow"


def status_event(job: Job | JobRow, *, now: datetime, reason: str = "") -> EventRow:
    """The event with the row's present number; the row lock makes it the next one for everybody."""
    return EventRow(job.id, job.seq, EventKind.STATUS, now, status_data(job, reason), job.owner_id)


def error_of(job: Job, error: JobError, *, now: datetime) -> dict[str, Any]:
    """An entry for `Job.errors` about what no attempt raised."""
    return {
        "attempt": job.attempt,
        "exception_class_path": f"{type(error).__module__}.{type(error).__qualname__}",
        "message": str(error),
        "traceback": "",
        "worker_id": job.worker_ids[-1] if job.workers else "",
        "at": now.isoformat(),
    }


def save(jobs: Iterable[Job]) -> None:
    """Writes locked rows, a few at a time."""
    Job.objects.bulk_update(jobs, CHANGING, batch_size=100)
