"""Renews the leases of everything that runs here, in one call every few seconds."""

import asyncio
import logging
from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from jobs.broker.leases import RENEW_EVERY, renew
from jobs.worker.attempt import Attempt, Fate

CLOSE_EVERY_SECONDS = 1.0

logger = logging.getLogger(__name__)


async def heartbeat(attempts: Mapping[str, Attempt], settling: asyncio.Lock) -> None:
    """One beat. An attempt whose lease somebody else has taken is ended without a record.

    `settling` keeps a beat from taking back a lease that is being given back at that moment.
    """
    await asyncio.sleep(RENEW_EVERY.total_seconds())
    async with settling:
        lost = await renew([attempt.lease for attempt in attempts.values() if not attempt.is_settled])
    for job_id in lost & attempts.keys():
        logger.warning("Another worker has the lease of job %s; ending this attempt.", job_id)
        attempts[job_id].end(Fate.LOST)


async def close_idle_connections() -> None:
    """Django runs the ORM calls of all coroutines in one thread, whose connection nobody else closes.

    Apart from the heartbeat, because a task may hold up that thread for as long as it likes.
    """
    await asyncio.sleep(CLOSE_EVERY_SECONDS)
    await sync_to_async(close_old_connections)()
