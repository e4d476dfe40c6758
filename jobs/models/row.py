"""Jobs and events as the hot path carries them: the fields of the models, without what a Django model costs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs.status import Status


@dataclass(slots=True, kw_only=True)
class JobRow:
    """What enqueueing, starting and running a job need of its row; see Job for what each field means."""

    id: UUID
    task_path: str
    queue_name: str
    priority: int
    backend: str
    args: list[Any]
    kwargs: dict[str, Any]
    owner_id: Any
    status: Status
    seq: int
    attempt: int
    max_attempts: int
    starts: int
    timeout_seconds: float | None
    deadline_at: datetime | None
    unique_key: str
    secrets: str
    arq_id: str
    enqueued_at: datetime
    run_after: datetime | None
    started_at: datetime | None
    last_attempted_at: datetime | None
    workers: str
    errors: list[dict[str, Any]]
    webhook_id: UUID | None = None
    finished_at: datetime | None = None
    return_value: Any = None
    tags: list[str] = field(default_factory=list)
    traceparent: str = ""
    #: Until when it holds its unique key though it may have ended; stored with the key.
    key_held_until: datetime | None = None
    #: The name under which Redis knows it.
    broker_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.broker_id = self.arq_id or str(self.id)

    @property
    def worker_ids(self) -> list[str]:
        return self.workers.split()


@dataclass(frozen=True, slots=True)
class EventRow:
    """A line of the event log; see Event."""

    job_id: UUID
    seq: int
    kind: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    #: Whom the job belongs to; not part of the log.
    owner_id: Any = None
