"""What all shapes are made of."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict


class Given(BaseModel):
    """What a caller sends: nothing that we would not understand."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(extra="forbid")


def _moment(value: Any) -> datetime:
    """An instant in UTC. pydantic would also take numbers, and dates of no time zone."""
    try:
        # RFC 3339 §5.6 has `t` and `z` too.
        moment = datetime.fromisoformat(value.upper())
    except (AttributeError, ValueError) as error:
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
#: Of an event; likewise.
MAX_SEQ = 2**31 - 1
