"""What was wrong."""

from pydantic import BaseModel, Field


class MisfitOut(BaseModel):
    """One thing that does not fit."""

    detail: str
    pointer: str | None = Field(default=None, description="JSON Pointer into the body.")
    parameter: str | None = Field(default=None, description="Name of a query parameter.")
    type: str | None = Field(default=None, description="Of a batch: the type of that job's own problem.")


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[MisfitOut] | None = None
    correlation_id: str | None = Field(default=None, description="Of a 500: finds it in the log.")
