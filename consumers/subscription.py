"""What one socket knows of one job: how far it has told its events."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from jobs.events import log
from jobs.events.shapes import event_json, job_json
from jobs.models import Job
from jobs.status import Status

type Message = dict[str, Any]


def find_job(topic: str, user: Any) -> Job | None:
    """The job of a topic, if the user may watch it."""
    kind, _, job_id = topic.partition(":")
    try:
        return Job.objects.visible_to(user).filter(id=UUID(job_id)).first() if kind == "job" else None
    except ValueError:
        return None


class Subscription:
    """Lets each event through once and in order, and knows when one is missing."""

    def __init__(self, topic: str, job_id: UUID) -> None:
        self.topic = topic
        self.job_id = job_id
        #: Number of the last event told.
        self.seq = 0
        self.has_gap = False
        self.has_ended = False

    def begin(self, after: int | None) -> list[Message]:
        """The first messages: what happened after `after`, or a snapshot for a client that has nothing yet."""
        if after is not None:
            self.seq = after
            return self.read_log()
        job = Job.objects.full().get(id=self.job_id)
        self._advance(job.seq, job.status)
        return [{"type": "snapshot", "topic": self.topic, "job": job_json(job), "seq": job.seq}]

    def take(self, events: Iterable[dict[str, Any]]) -> list[Message]:
        """Of published events those that come next; sets `has_gap` when one between is missing."""
        fresh = []
        for event in events:
            if event["seq"] == self.seq + 1:
                fresh.append(self._told(event))
            elif event["seq"] > self.seq:
                self.has_gap = True
        return fresh

    def read_log(self) -> list[Message]:
        """What the log has beyond the last event told."""
        self.has_gap = False
        return [self._told(event_json(event)) for event in log.after(self.job_id, self.seq)]

    def _told(self, event: dict[str, Any]) -> Message:
        self._advance(event["seq"], event["data"].get("status"))
        return {"type": "event", "topic": self.topic, **event}

    def _advance(self, seq: int, status: str | None) -> None:
        self.seq = seq
        if status is not None:
            self.has_ended = Status(status).is_ended
