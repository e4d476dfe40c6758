"""Stored files."""

from pydantic import Field

from jobs.api.schemas.base import Shown


class UploadOut(Shown):
    """A stored file; its id goes where a task takes an upload."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    size: int = Field(description="In bytes.")
    content_type: str
