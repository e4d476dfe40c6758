"""The workers that live."""

from pydantic import AwareDatetime, Field

from jobs.api.schemas.base import Shown


class WorkerOut(Shown):
    """A worker that lives."""

    id: str
    host: str
    pid: int
    started_at: AwareDatetime
    queues: list[str]
    slots: int = Field(description="Jobs that it runs at a time.")
    running: int = Field(description="Jobs that it had a lease on when it was last seen.")
    last_seen_at: AwareDatetime


class WorkersOut(Shown):
    workers: list[WorkerOut]
