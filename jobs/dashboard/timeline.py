"""What happened to a job, as its page tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.dashboard import words
from jobs.models import Event, EventKind, Job
from jobs.status import Status

_LEFT_OUT = (EventKind.PROGRESS, EventKind.CHUNK)

#: The newest; a job that was tried for ever has more.
MAX_MOMENTS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """One event. Progress is left out, as the bar shows it; and chunks, as the result does."""

    seq: int
    at: datetime
    #: Since the job was enqueued.
    after: str
    #: The status that began, or the kind of event.
    name: str
    title: str
    detail: str


def timeline(job: Job) -> list[Moment]:
    """Oldest first. Blocks."""
    events = Event.objects.filter(job_id=job.id).exclude(kind__in=_LEFT_OUT).order_by("-seq")
    return [_moment(job, event) for event in reversed(events[:MAX_MOMENTS])]


def _moment(job: Job, event: Event) -> Moment:
    after = f"+{words.duration(event.at - job.enqueued_at)}"
    if event.kind == EventKind.STATUS:
        return _status_moment(event, after)
    return Moment(event.seq, event.at, after, event.kind, EventKind(event.kind).label, event.data["text"])


def _status_moment(event: Event, after: str) -> Moment:
    status = Status(event.data["status"])
    return Moment(event.seq, event.at, after, status, status.label, _detail(status, event.data))


def _detail(status: Status, data: dict[str, Any]) -> str:
    attempt = f"Attempt {data['attempt']} of {data['max_attempts']}" if status == Status.RUNNING else ""
    worker = f"on {data['worker_id']}" if data.get("worker_id") else ""
    return " ".join(filter(None, (attempt, worker, data.get("reason", "")))).strip()
