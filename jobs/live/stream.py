"""The same stream for Python: events of a job as they happen, without polling."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from jobs.access import Access
from jobs.errors import JobNotFound
from jobs.events.topics import job_topic
from jobs.live.listener import Listener
from jobs.live.messages import Message


async def events(job_id: UUID | str, *, after: int = 0) -> AsyncIterator[dict[str, Any]]:
    """Every event of the job with a number above `after`, as JSON: those that were, then those that come.

    Ends with the event that ends the job; of one that was tried again by hand, its last run. Raises JobNotFound, and
    Unavailable while the database is away at the beginning; when it goes away later, or Redis, events come late and
    none is missed. Close it when you break off: `async with contextlib.aclosing(events(…))`.
    """
    async with Listener() as listener:
        listener.watch(job_topic(job_id), after)
        async for message in listener:
            _check(message, job_id)
            if message.body["type"] == "event":
                yield {name: value for name, value in message.body.items() if name not in ("type", "topic")}
            if listener.is_last(message):
                return


async def ended(job_id: UUID | str, seconds: float | None, access: Access | None = None) -> bool:
    """Whether the job has ended, or ends within the time; None: however long it takes.

    Raises JobNotFound if there is none, or none that may be seen; see also events().
    """
    try:
        async with asyncio.timeout(seconds), Listener(access) as listener:
            listener.watch(job_topic(job_id))
            async for message in listener:
                _check(message, job_id)
                if message.is_end:
                    break
    except TimeoutError:
        return False
    return True


async def changed(job_id: UUID | str, seq: int, seconds: float, access: Access | None = None) -> bool:
    """Whether the job has an event after number `seq`, or gets one within the time. See ended()."""
    try:
        async with asyncio.timeout(seconds), Listener(access) as listener:
            listener.watch(job_topic(job_id), seq)
            _check(await anext(listener), job_id)
    except TimeoutError:
        return False
    return True


def _check(message: Message, job_id: UUID | str) -> None:
    if message.body["type"] == "error":
        raise JobNotFound(f"There is no job {job_id}.")
