"""What became of a batch."""

from pydantic import Field

from jobs.api.schemas.base import Shown
from jobs.api.schemas.problem import MisfitOut


class SelfOut(Shown):
    self: str


class BatchedOut(Shown):
    """A job of a batch."""

    index: int = Field(description="Its place in the batch, from 0.")
    id: str = Field(json_schema_extra={"format": "uuid"})
    links: SelfOut


class BatchOut(Shown):
    """What became of a batch."""

    jobs: list[BatchedOut]
    errors: list[MisfitOut] = Field(
        description="Of `Prefer: handling=lenient`: what was not stored, and why."
    )
