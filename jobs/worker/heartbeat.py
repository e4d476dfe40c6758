"""Renews the leases of everything that runs here, in one call every few seconds."""

import asyncio
import logging
from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from jobs.broker.leases import RENEW_EVERY, renew
from jobs.worker.attempt import Attempt, Fate

logger = logging.getLogger(__name__)


async def heartbeat(attempts: Mapping[str, Attempt]) -> None:
    """One beat. An attempt whose lease somebody else has taken is ended without a record."""
    await asyncio.sleep(RENEW_EVERY.total_seconds())
    # The thread in which Django runs the ORM calls of all coroutines keeps a connection between them.
    await sync_to_async(close_old_connections)()
    lost = await renew([attempt.lease for attempt in attempts.values()])
    for job_id in lost & attempts.keys():
        logger.warning("Another worker has the lease of job %s; ending this attempt.", job_id)
        attempts[job_id].end(Fate.LOST)
