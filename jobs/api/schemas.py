"""The shapes of requests and answers, as the OpenAPI document shows them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
)

from jobs.models import Action, EventKind, Via
from jobs.models.webhook import MAX_DESCRIPTION_LENGTH, MAX_URL_LENGTH
from jobs.status import Status


class Given(BaseModel):
    """What a caller sends: nothing that we would not understand."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(extra="forbid")


def _moment(value: Any) -> datetime:
    """An instant in UTC. pydantic would also take numbers, and dates of no time zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected a time such as 2031-01-31T08:00:00Z, got {str(value)[:40]!r}.") from error
    if moment.tzinfo is None:
        raise ValueError("Expected a time zone, e.g. 2031-01-31T08:00:00Z or 2031-01-31T08:00:00+02:00.")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{value!r} lies outside of the years 1 to 9999.") from error


Moment = Annotated[AwareDatetime, BeforeValidator(_moment, json_schema_input_type=AwareDatetime)]


#: PostgreSQL neither stores nor looks for a NUL.
NO_NUL = r"^[^\x00]*$"
#: Of a user; the largest that the column holds.
MAX_ID = 2**63 - 1
MAX_TAGS = 10
Tag = Annotated[StrictStr, Field(min_length=1, max_length=50, pattern=NO_NUL)]


class Submission(Given):
    """A job to be run."""

    task: StrictStr = Field(min_length=1, max_length=300, description="A name from GET /tasks.")
    args: dict[str, Any] = Field(default={}, description="By name; GET /tasks has their JSON Schema.")
    queue: StrictStr | None = Field(
        default=None, min_length=1, max_length=100, description="Instead of the task's own queue."
    )
    priority: StrictInt | None = Field(
        default=None,
        ge=TASK_MIN_PRIORITY,
        le=TASK_MAX_PRIORITY,
        description="Of the due jobs the higher starts first.",
    )
    run_after: Moment | None = Field(default=None, description="The earliest start.")
    tags: list[Tag] = Field(default=[], max_length=MAX_TAGS, description="To find the job by.")
    webhook: UUID | None = Field(default=None, description="The webhook of yours that is told when it ends.")


class TaskOut(Shown):
    """What can be called, and how."""

    name: str
    summary: str = Field(description="First line of its documentation.")
    queue: str
    max_attempts: int
    timeout_seconds: float = Field(description="Time limit of one attempt.")
    arguments: dict[str, Any] = Field(description="JSON Schema (2020-12) of `args`.")


class TasksOut(Shown):
    tasks: list[TaskOut]


class ProgressOut(Shown):
    fraction: float = Field(ge=0, le=1)
    text: str


class ErrorOut(Shown):
    """How an attempt failed."""

    attempt: int
    exception_class_path: str
    message: str
    worker_id: str
    at: str
    traceback: str | None = Field(default=None, description="For staff only.")


class FileOut(Shown):
    name: str
    size: int = Field(description="In bytes.")
    content_type: str
    url: str


class LinksOut(Shown):
    self: str
    events: str
    page: str
    live: str = Field(description="The WebSocket on which to subscribe to `job:<id>`.")


class JobOut(Shown):
    """All that is known of a job."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    task: str
    status: Status
    queue: str
    priority: int
    args: dict[str, Any]
    result: Any = Field(description="What the task returned; null until it has.")
    error: ErrorOut | None = Field(description="Of the newest attempt that failed.")
    progress: ProgressOut
    attempt: int = Field(description="Number of the newest attempt; 0 before the first.")
    max_attempts: int
    enqueued_at: AwareDatetime
    run_after: AwareDatetime | None
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    seq: int = Field(description="Number of its newest event.")
    owner: int | None
    tags: list[str]
    files: list[FileOut]
    links: LinksOut


class SelfOut(Shown):
    self: str


class BatchedOut(Shown):
    """A job of a batch."""

    index: int = Field(description="Its place in the batch, from 0.")
    id: str = Field(json_schema_extra={"format": "uuid"})
    links: SelfOut


class MisfitOut(BaseModel):
    """One thing that does not fit."""

    detail: str
    pointer: str | None = Field(default=None, description="JSON Pointer into the body.")
    parameter: str | None = Field(default=None, description="Name of a query parameter.")
    type: str | None = Field(default=None, description="Of a batch: the type of that job's own problem.")


class BatchOut(Shown):
    """What became of a batch."""

    jobs: list[BatchedOut]
    errors: list[MisfitOut] = Field(
        description="Of `Prefer: handling=lenient`: what was not stored, and why."
    )


class ListedJobOut(JobOut):
    """A job of a list."""

    left_out: list[str] = Field(
        description="Which of `args` and `result` are longer than 1,024 characters as JSON, and empty here."
    )


class JobsOut(Shown):
    """Newest first."""

    jobs: list[ListedJobOut]
    next: str | None = Field(description="Address of the next page; also in the Link header.")


class StatusCountsOut(Shown):
    counts: dict[Status, int]
    complete: bool = Field(description="False: there are more, and these are the newest.")


class CountsOut(Shown):
    active: StatusCountsOut = Field(description="Of jobs that wait or run.")
    ended: StatusCountsOut


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


class AuditTokenOut(Shown):
    id: int
    name: str


class AuditRecordOut(Shown):
    """One action. `user` is null for a command, the application's own code, and users who were deleted."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    at: AwareDatetime
    action: Action
    job_id: str | None = Field(json_schema_extra={"format": "uuid"})
    queue: str | None
    user: int | None
    by: str = Field(description="The user's name, or the account that ran the command.")
    via: Via
    token: AuditTokenOut | None
    address: str | None
    outcome: str


class AuditOut(Shown):
    """Newest first."""

    records: list[AuditRecordOut]
    next: str | None = Field(description="Address of the next page; also in the Link header.")


class Retrial(Given):
    """How a job is tried again."""

    args: dict[str, Any] | None = Field(
        default=None, description="Instead of those it had, as in a submission."
    )


class Change(Given):
    """What may be changed about a job that waits."""

    priority: StrictInt = Field(ge=TASK_MIN_PRIORITY, le=TASK_MAX_PRIORITY)


class EventOut(Shown):
    job_id: str = Field(json_schema_extra={"format": "uuid"})
    seq: int
    kind: EventKind
    at: AwareDatetime
    data: dict[str, Any]


class EventsOut(Shown):
    """In their order."""

    events: list[EventOut]
    next: str | None = Field(description="Address of the events after these; null when there are none yet.")


#: No control characters, which SQL or HTTP could not carry.
Plain = Annotated[StrictStr, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
WebhookUrl = Annotated[
    Plain, Field(min_length=1, max_length=MAX_URL_LENGTH, json_schema_extra={"format": "uri"})
]
WebhookDescription = Annotated[Plain, Field(max_length=MAX_DESCRIPTION_LENGTH)]


class WebhookGiven(Given):
    """A URL that is to be told when jobs end."""

    url: WebhookUrl = Field(description="https, and on the public internet.")
    description: WebhookDescription = ""


class WebhookChange(Given):
    """What is left out stays."""

    url: WebhookUrl | None = None
    description: WebhookDescription | None = None
    enabled: StrictBool | None = None


class WebhookLinksOut(Shown):
    self: str
    deliveries: str


class WebhookOut(Shown):
    id: str = Field(json_schema_extra={"format": "uuid"})
    url: str
    description: str
    enabled: bool
    disabled_at: AwareDatetime | None
    disabled_reason: str | None
    created_at: AwareDatetime
    owner: int
    links: WebhookLinksOut


class WebhookWithSecretOut(WebhookOut):
    secret: str = Field(description="Verifies deliveries (Standard Webhooks); it can't be had again.")


class WebhookSecretOut(Shown):
    secret: str = Field(description="Verifies deliveries (Standard Webhooks); it can't be had again.")


class WebhooksOut(Shown):
    """Newest first."""

    webhooks: list[WebhookOut]
    next: str | None = Field(description="Address of the next page; also in the Link header.")


class TryOut(Shown):
    """One try to deliver."""

    at: AwareDatetime
    status_code: int | None = Field(description="What was answered; null: nothing.")
    duration_ms: int
    error: str | None = Field(description="Why nothing was answered.")


class DeliveryOut(Shown):
    """One end of one job, told to one webhook."""

    id: str = Field(description="The `webhook-id` of every try.", json_schema_extra={"format": "uuid"})
    type: str = Field(description="Such as handoff.job.successful.")
    job_id: str = Field(json_schema_extra={"format": "uuid"})
    status: Literal["pending", "delivered", "failed"]
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None
    next_try_at: AwareDatetime | None
    attempts: list[TryOut]


class DeliveriesOut(Shown):
    """Newest first."""

    deliveries: list[DeliveryOut]
    next: str | None = Field(description="Address of the next page; also in the Link header.")


class UploadOut(Shown):
    """A stored file; its id goes where a task takes an upload."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    size: int = Field(description="In bytes.")
    content_type: str


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[MisfitOut] | None = None
    correlation_id: str | None = Field(default=None, description="Of a 500: finds it in the log.")
