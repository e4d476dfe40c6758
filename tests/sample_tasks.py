"""Tasks for the tests, written as an app's developer would."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Annotated, Any, Literal

from django.db import connection, connections
from django.tasks import task
from pydantic import Field

from jobs import Accept, Cancel, InvalidInput, JobContext, Retry, Snooze, Upload

#: Says which tasks ran, in order; only good within one process.
ran: list[Any] = []


@task(expose=True)
async def add(a: int, b: int = 2) -> int:
    """Adds two numbers."""
    return a + b


@task
def note(value: Any = None) -> None:
    ran.append(value)


@task(takes_context=True)
async def step(context: JobContext, steps: int = 3) -> str:
    for done in range(steps):
        context.progress(done / steps, f"step {done}")
        await asyncio.sleep(0.15)
    return "done"


@task(takes_context=True)
async def where_it_came_from(context: JobContext) -> str:
    return context.traceparent


@task(takes_context=True)
async def say_much(context: JobContext) -> None:
    for number in range(1000):
        context.progress(number / 1000, str(number))


@task(expose=True)
def where_exposed() -> None:
    """Asks the database something, in a thread."""
    where.call()


@task
def where() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"thread": threading.current_thread().name, "process": os.getpid()}


@task
def keep_connection() -> None:
    connection.ensure_connection()
    ran.append(connections["default"])


@task(executor="process", takes_context=True)
def in_process(context: JobContext) -> dict[str, Any]:
    context.progress(0.5, "half")
    return {"process": os.getpid(), "attempt": context.attempt}


@task(executor="process", max_memory=64 * 1024 * 1024)
def hog() -> int:
    return len(bytearray(1024 * 1024 * 1024))


@task(executor="process")
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@task(executor="process")
def be_told_to_stop() -> int:
    """Hears what all processes of a service hear when it is stopped; and so does the one that this one came from."""
    for process in (os.getppid(), os.getpid()):
        os.kill(process, signal.SIGTERM)
    return os.getppid()


@task(max_attempts=3, backoff=lambda _attempt, _error: timedelta(milliseconds=10))
async def fail(message: str = "as asked") -> None:
    raise ValueError(message)


@task(takes_context=True, max_attempts=2, backoff=lambda _attempt, _error: timedelta(milliseconds=10))
async def fail_once(context: JobContext) -> int:
    if context.attempt == 1:
        raise ConnectionError("not yet")
    return context.attempt


@task(max_attempts=2, backoff=lambda _attempt, _error: 5)  # no timedelta: a mistake of the app
async def wrong_backoff() -> None:
    raise ConnectionError("the real error")


@task
async def wrong_snooze() -> None:
    raise Snooze(5)  # no timedelta: the mistake that is tested


class Untellable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


@task
async def untellable() -> None:
    raise Untellable


@task
async def snooze_with_nul() -> None:
    raise Snooze(timedelta(hours=1), "a\0b \ud800")


@task(max_attempts=5)
async def refuse() -> None:
    raise InvalidInput("Expected a cat, got a dog; send a cat.")


@task(takes_context=True)
async def snooze_once(context: JobContext) -> int:
    if context.job.starts == 1:
        raise Snooze(timedelta(milliseconds=20), "later")
    return context.attempt


@task(max_attempts=2, takes_context=True)
async def retry_soon(context: JobContext) -> str:
    if context.attempt == 1:
        raise Retry("busy", after=timedelta(milliseconds=10))
    return "at last"


@task
async def cancel_itself() -> None:
    raise Cancel("nothing to do")


@task(timeout=timedelta(milliseconds=50))
async def overrun() -> None:
    await asyncio.sleep(30)


@task(timeout=timedelta(milliseconds=50), executor="process")
def overrun_in_process() -> None:
    time.sleep(30)


@task(timeout=timedelta(milliseconds=50))
def overrun_in_thread() -> None:
    time.sleep(0.3)


@task
async def return_object() -> Any:
    return object()


@task
async def return_much(size: int) -> str:
    return "x" * size


@task(expose="sample.typed")
async def typed(
    rows: Annotated[int, Field(ge=1, le=10, description="How many rows.")],
    source: Annotated[Upload, Accept("text/csv", ".csv")] = "",
    kind: Literal["csv", "pdf"] = "csv",
    tags: list[str] | None = None,
) -> None:
    """Takes arguments of several types."""


@task(takes_context=True, expose=True, max_attempts=1)
async def linger(context: JobContext, seconds: float) -> str:
    """Runs for a while, saying how far it is."""
    started = time.monotonic()
    while (gone := time.monotonic() - started) < seconds:
        context.progress(gone / seconds, f"{gone:.1f} s")
        await asyncio.sleep(0.05)
    return "lingered"


@task(expose="sample.anything")
async def anything(value: Any) -> None:
    """Takes any JSON."""


@task(expose="sample.gather")
async def gather(sources: list[Upload], extra: Upload | None = None) -> None:
    """Takes several files."""


@task(expose=True)
def block(seconds: float) -> None:
    """Holds its thread."""
    time.sleep(seconds)


@task(expose=True, executor="process")
def linger_in_process(seconds: float) -> None:
    """Holds a process."""
    time.sleep(seconds)


#: How many of a name ran at the same time, now and at most; only good within one process.
present: Counter[str] = Counter()
most: Counter[str] = Counter()


@task
async def crowd(name: str) -> None:
    present[name] += 1
    most[name] = max(most[name], present[name])
    await asyncio.sleep(0.02)
    present[name] -= 1
