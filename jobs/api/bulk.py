"""The shapes of an action on many jobs."""

from typing import Literal
from uuid import UUID

from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from pydantic import ConfigDict, Field, StrictBool, StrictInt

from jobs.api.listing import Filter
from jobs.api.schemas.base import Given, Shown
from jobs.lifecycle.cancel import CANCEL
from jobs.lifecycle.prioritize import prioritizing
from jobs.lifecycle.promote import PROMOTE
from jobs.lifecycle.retry import RETRY
from jobs.lifecycle.verb import Verb

#: Jobs of one request.
MAX_JOBS = 10_000


class Matching(Filter):
    """A filter in which a name that we do not know is refused, as without it more would match."""

    model_config = ConfigDict(extra="forbid")


class Bulk(Given):
    """What is to be done, and to which jobs."""

    action: Literal["cancel", "retry", "promote", "prioritize"]
    priority: StrictInt = Field(
        default=0, ge=TASK_MIN_PRIORITY, le=TASK_MAX_PRIORITY, description="For `prioritize`."
    )
    filter: Matching = Field(description="As of GET /jobs; {} is all jobs that you may see.")
    dry_run: StrictBool = Field(default=False, description="Only says what it would come to.")
    max: StrictInt = Field(default=1_000, ge=1, le=MAX_JOBS, description="Jobs to look at, at the most.")
    cursor: UUID | None = Field(default=None, description="The `next` of the answer before.")

    @property
    def verb(self) -> Verb:
        return {
            "cancel": CANCEL,
            "retry": RETRY,
            "promote": PROMOTE,
            "prioritize": prioritizing(self.priority),
        }[self.action]


class ItemOut(Shown):
    id: str = Field(json_schema_extra={"format": "uuid"})
    outcome: str | None = Field(description="What it came to; null: it was refused.")
    refused: str | None = Field(description="Why it could not be done.")


class BulkOut(Shown):
    dry_run: bool
    done: int
    refused: int
    items: list[ItemOut]
    next: str | None = Field(description="The `cursor` with which to go on; null: there are no more.")
