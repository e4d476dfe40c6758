"""What a watcher is told: snapshots, resets and events, in the form in which sockets and SSE carry them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import msgspec
from django.utils import timezone

from jobs.events.shapes import timestamp
from jobs.events.topics import OPS, job_topic
from jobs.rules.milliseconds import unix_ms
from jobs.status import Status


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """Made once a topic, and shared by all who hear it."""

    body: dict[str, Any]
    #: The body as JSON.
    text: str
    #: Of the text, in bytes.
    size: int
    #: How far who has it has heard the topic: what it gives as `after` to go on. An event's seq on a job's topic.
    position: int

    @property
    def is_end(self) -> bool:
        """Whether it says that its job has ended."""
        status = self.body.get("job", self.body.get("data", {})).get("status")
        return status is not None and Status(status).is_ended

    @classmethod
    def of(cls, body: dict[str, Any], position: int = 0) -> Self:
        encoded = msgspec.json.encode(body)
        return cls(body, encoded.decode(), len(encoded), position)


def event_message(topic: str, event: dict[str, Any]) -> Message:
    """An event of a job on its own topic."""
    return Message.of({"type": "event", "topic": topic, **event}, event["seq"])


def job_state(kind: str, job: dict[str, Any]) -> Message:
    """A snapshot or a reset of a job; `job` is its JSON."""
    body = {"type": kind, "topic": job_topic(job["id"]), "job": job, "seq": job["seq"]}
    return Message.of(body, job["seq"])


def feed_event(topic: str, event: dict[str, Any], after: int = 0) -> Message:
    """An event of any job on its owner's topic: its seq is the job's, so `cursor` says how far the feed is. Who came
    back with `after` is never sent back further, or one whom each replay loses again would get nowhere."""
    cursor = max(after, unix_ms(datetime.fromisoformat(event["at"])))
    return Message.of({"type": "event", "topic": topic, **event, "cursor": cursor}, cursor)


def feed_state(kind: str, topic: str, jobs: list[dict[str, Any]], cursor: int) -> Message:
    """A snapshot or a reset of a feed; the jobs newest first."""
    return Message.of({"type": kind, "topic": topic, "jobs": jobs, "cursor": cursor}, cursor)


def ops_state(kind: str, state: dict[str, Any]) -> Message:
    """A snapshot or a reset of queues and workers; see system_state()."""
    return Message.of({"type": kind, "topic": OPS, **state})


def ops_event(state: dict[str, Any]) -> Message:
    at = timestamp(timezone.now())
    return Message.of({"type": "event", "topic": OPS, "kind": "state", "at": at, "data": state})


def error_message(code: str, detail: str, topic: str | None = None) -> Message:
    about = {} if topic is None else {"topic": topic}
    return Message.of({"type": "error", "code": code, "detail": detail, **about})
