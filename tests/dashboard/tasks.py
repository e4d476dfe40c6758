"""Tasks with every kind of parameter. None is exposed: these tests hand them over themselves."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

from django.tasks import task
from pydantic import Field

from jobs import Accept, Upload


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@task
async def words(
    plain: str,
    greeting: str = "Hello",
    mail: Annotated[str | None, Field(json_schema_extra={"format": "email"})] = None,
    note: Annotated[str, Field(title="A few words", json_schema_extra={"format": "textarea"})] = "",
) -> None:
    pass


@task
async def numbers(
    copies: Annotated[int, Field(ge=1, le=10, description="How many.")],
    below: Annotated[int, Field(lt=10)] = 1,
    ratio: float = 0.5,
    limit: int | None = 3,
) -> None:
    pass


@task
async def choices(  # noqa: PLR0917 - one of every kind
    size: Literal["small", "large"],
    level: Literal[1, 2, 3] = 2,
    separator: Literal["auto", ",", "\t"] = "auto",
    colour: Colour = Colour.RED,
    month: Literal["January", "February", "March", "April", "May", "June"] = "May",
    where: Literal["here", "there"] | None = None,
    loud: bool = True,
) -> None:
    pass


@task
async def lists(
    tags: list[str],
    ports: list[Annotated[int, Field(ge=1)]] = [80, 443],  # noqa: B006 - never changed
    days: list[Literal["Monday", "Tuesday"]] = ["Monday"],  # noqa: B006
) -> None:
    pass


@task
async def others(
    source: Annotated[Upload, Accept("text/csv", ".csv")],
    more: list[Upload] | None = None,
    when: datetime | None = None,
    options: dict[str, Any] | None = None,
    anything: Any = None,
) -> None:
    pass
