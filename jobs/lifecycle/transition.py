"""One change of one job: its new status and the event that says so."""

from collections.abc import Iterable
from datetime import datetime

from jobs.events.shapes import status_data
from jobs.models import Event, EventKind, Job
from jobs.rules.arrows import may_follow
from jobs.status import Status

#: What a transition may change, besides what was given at the start.
CHANGING = (
    "status",
    "seq",
    "attempt",
    "max_attempts",
    "starts",
    "worker_deaths",
    "run_after",
    "started_at",
    "last_attempted_at",
    "finished_at",
    "workers",
    "return_value",
    "errors",
    "progress",
    "progress_text",
)


def to(job: Job, status: Status, *, now: datetime, reason: str = "") -> Event:
    """Moves a locked row to `status` and answers its event; neither is saved yet."""
    before = Status(job.status)
    assert may_follow(before, status), f"job {job.id}: {before} → {status} is no arrow"
    job.status = status
    if status.is_ended:
        job.finished_at = now
    return append(job, EventKind.STATUS, status_data(job, reason), now=now)


def append(job: Job, kind: EventKind, data: dict[str, object], *, now: datetime) -> Event:
    """The job's next event; the row lock makes its number the next one for everybody."""
    job.seq += 1
    return Event(job=job, seq=job.seq, kind=kind, at=now, data=data)


def save(jobs: Iterable[Job], events: Iterable[Event], fields: tuple[str, ...] = CHANGING) -> None:
    """Writes rows and events; call it inside the transaction that locked the rows."""
    Job.objects.bulk_update(jobs, fields, batch_size=100)
    Event.objects.bulk_create(events)
