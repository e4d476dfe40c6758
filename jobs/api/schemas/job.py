"""A job, lists of jobs, and what may be asked of one."""

from typing import Any

from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from pydantic import AwareDatetime, Field, StrictInt

from jobs.api.schemas.base import Given, Shown
from jobs.status import Status


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


class Retrial(Given):
    """How a job is tried again."""

    args: dict[str, Any] | None = Field(
        default=None, description="Instead of those it had, as in a submission."
    )


class Change(Given):
    """What may be changed about a job that waits."""

    priority: StrictInt = Field(ge=TASK_MIN_PRIORITY, le=TASK_MAX_PRIORITY)
