"""Found by Django's autodiscovery in the processes that the browser tests start."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Annotated, Any, Literal

from django.tasks import task
from pydantic import Field

from jobs import Accept, InvalidInput, JobContext, Upload


@task(expose="demo.everything")
async def everything(  # noqa: PLR0917 - one of every kind
    name: str,
    note: Annotated[str, Field(json_schema_extra={"format": "textarea"})] = "",
    copies: Annotated[int, Field(ge=1, le=10, description="How many to make.")] = 2,
    ratio: float | None = None,
    size: Literal["small", "large"] = "small",
    region: Literal["Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania"] | None = None,
    loud: bool = False,
    tags: list[str] | None = None,
    days: list[Literal["Monday", "Tuesday", "Wednesday"]] | None = None,
    source: Annotated[Upload, Accept("text/plain", ".txt")] | None = None,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Takes one argument of every kind."""
    return {key: value for key, value in locals().items() if value is not None}


@task(expose="demo.copy", takes_context=True)
def copy(context: JobContext, source: Annotated[Upload, Accept("image/*")]) -> dict[str, Any]:
    """Gives a file back."""
    with context.open(source) as file:
        name = context.save(file.name or "copy", file.file, "image/svg+xml")
    return {"files": [name]}


@task(expose="demo.tables")
async def tables(rows: Annotated[int, Field(ge=0, le=1000)] = 3) -> dict[str, Any]:
    """Returns a result of many shapes."""
    return {
        "headline": "A result of many shapes, whose text is so long that it has to go on and on " * 4,
        "unbroken": "x" * 400,
        "total": 1234567,
        "ok": True,
        "rows": [{"row": row, "square": row**2, "word": "w" * row} for row in range(rows)],
        "deep": {"list": ["a", "b"], "object": {"a": {"b": {"c": [1, 2, {"d": None}]}}}},
    }


@task(expose="demo.fails", max_attempts=3, backoff=lambda _attempt, _error: timedelta(hours=1))
async def fails(message: str = "The source is not there.") -> None:
    """Fails, and is tried again in an hour."""
    raise ConnectionError(message)


@task(expose="demo.refuses", max_attempts=3)
async def refuses() -> None:
    """Refuses its input."""
    raise InvalidInput("Expected a cat, got a dog; send a cat.")


@task(expose="demo.talks", takes_context=True, timeout=timedelta(minutes=2))
async def talks(
    context: JobContext, seconds: float = 2, every: float = 0.1
) -> AsyncGenerator[str | dict[str, int]]:
    """Logs and puts out as it goes on."""
    lines = round(seconds / every)
    for number in range(lines):
        context.log.info("line %d", number)
        context.progress(number / lines, f"{number} of {lines}")
        yield f"{number} "
        await asyncio.sleep(every)
    context.log.warning("That was <b>all</b>.")
    yield {"lines": lines}
