"""What happened to a job, as its page tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.dashboard import words
from jobs.models import Event, EventKind, Job
from jobs.status import Status

#: The newest; a job that was tried for ever has more.
MAX_MOMENTS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """One change of the job's status."""

    seq: int
    at: datetime
    #: Since the job was enqueued.
    after: str
    #: The status that began.
    status: Status
    detail: str


def timeline(job: Job) -> list[Moment]:
    """Oldest first. Blocks."""
    events = Event.objects.filter(job_id=job.id, kind=EventKind.STATUS).order_by("-seq")
    return [_moment(job, event) for event in reversed(events[:MAX_MOMENTS])]


def _moment(job: Job, event: Event) -> Moment:
    after = f"+{words.duration(event.at - job.enqueued_at)}"
    status = Status(event.data["status"])
    return Moment(event.seq, event.at, after, status, _detail(status, event.data))


def _detail(status: Status, data: dict[str, Any]) -> str:
    attempt = f"Attempt {data['attempt']} of {data['max_attempts']}" if status == Status.RUNNING else ""
    worker = f"on {data['worker_id']}" if data.get("worker_id") else ""
    return " ".join(filter(None, (attempt, worker, data.get("reason", "")))).strip()
