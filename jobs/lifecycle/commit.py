"""First SQL, then Redis: a verb's two halves, for callers in sync code and on a loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from jobs.broker import client
from jobs.broker.client import BROKER_ERRORS

logger = logging.getLogger(__name__)

type Write[R] = Callable[[], R]
#: Gets what was written. Whatever it tells Redis, the sweep tells again; but a priority, which counts from the next
#: time that the job is pushed.
type Tell[R] = Callable[[R], Awaitable[None]]

_going_on: set[asyncio.Task[Any]] = set()


def write_then_tell[R](write: Write[R], tell: Tell[R]) -> R:
    """Writes, and tells Redis once the surrounding transaction has committed."""
    written = write()
    transaction.on_commit(partial(_tell_from_sync, written, tell), robust=True)
    return written


async def awrite_then_tell[R](write: Write[R], tell: Tell[R]) -> R:
    """See write_then_tell(). In sync code's transaction, as under async_to_sync, its commit is waited for too.

    Redis is told though the caller is cancelled meanwhile, as what a thread has begun is committed all the same.
    """
    both = asyncio.Task(_write_and_tell(write, tell), loop=asyncio.get_running_loop(), eager_start=True)
    _going_on.add(both)
    both.add_done_callback(_going_on.discard)
    return await asyncio.shield(both)


async def _write_and_tell[R](write: Write[R], tell: Tell[R]) -> R:
    written, is_committed = await sync_to_async(_write)(write, tell)
    if is_committed:
        await _tell(written, tell)
    return written


def _write[R](write: Write[R], tell: Tell[R]) -> tuple[R, bool]:
    written = write()
    is_committed = not transaction.get_connection().in_atomic_block
    if not is_committed:
        transaction.on_commit(partial(_tell_from_sync, written, tell), robust=True)
    return written, is_committed


def _tell_from_sync[R](written: R, tell: Tell[R]) -> None:
    async_to_sync(_tell_in_one_call)(written, tell)


async def _tell_in_one_call[R](written: R, tell: Tell[R]) -> None:
    async with client.for_one_call():
        await _tell(written, tell)


async def _tell[R](written: R, tell: Tell[R]) -> None:
    try:
        await tell(written)
    except BROKER_ERRORS as error:
        logger.warning("Redis is away; the sweep will tell it when it is back: %r", error)
