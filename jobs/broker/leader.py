"""One worker at a time leads: it does what must be done once, not once a worker."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from jobs.broker import keys
from jobs.broker.client import BROKER_ERRORS, redis
from jobs.broker.scripts import Script
from jobs.rules.milliseconds import in_ms

#: A leader that is silent for so long is replaced.
TERM = timedelta(seconds=15)

#: A worker that ends waits no longer for Redis.
RESIGN_SECONDS = 1.0

_lead = Script("lead")
_resign = Script("resign")


async def lead(worker_id: str) -> bool:
    """Takes or keeps the lead; False: another worker has it."""
    return bool(await _lead(redis(), [keys.LEADER], [worker_id, in_ms(TERM)]))


async def resign(worker_id: str) -> None:
    """Gives up the lead, if the worker has it, so that the next need not wait for the end of its term."""
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(RESIGN_SECONDS):
            await _resign(redis(), [keys.LEADER], [worker_id])
