"""Queues, and those that are paused."""

from pydantic import AwareDatetime, Field

from jobs.api.schemas.base import Shown


class QueueOut(Shown):
    """What waits and runs in a queue."""

    name: str
    ready: int
    deferred: int
    running: int
    paused_at: AwareDatetime | None
    weight: int = Field(description="Its share of a worker's slots while several queues have work.")
    max_slots: int | None = Field(description="The most of a worker's slots that it may have.")


class QueuesOut(Shown):
    queues: list[QueueOut]


class PauseOut(Shown):
    """A queue from which no worker starts a job."""

    queue: str
    paused_at: AwareDatetime
