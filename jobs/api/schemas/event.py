"""What happened to a job."""

from typing import Any

from pydantic import AwareDatetime, Field

from jobs.api.schemas.base import Shown
from jobs.models import EventKind


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
