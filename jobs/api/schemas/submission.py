"""What is asked to be run."""

from typing import Annotated, Any
from uuid import UUID

from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from pydantic import Field, StrictInt, StrictStr

from jobs.api.schemas.base import NO_NUL, Given, Moment

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
