"""Who did what."""

from pydantic import AwareDatetime, Field

from jobs.api.schemas.base import Shown
from jobs.models import Action, Via


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
