"""Renews the leases of everything that runs here, in one call every few seconds."""

import asyncio
import logging
from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from jobs.broker.client import BROKER_ERRORS
from jobs.broker.leases import RENEW_EVERY, renew
from jobs.worker.attempt import Attempt, Fate
from jobs.worker.backoff import Backoff

logger = logging.getLogger(__name__)


async def heartbeat(attempts: Mapping[str, Attempt]) -> None:
    """Runs until cancelled. An attempt whose lease somebody else has taken is ended without a record."""
    trouble = Backoff("Redis")
    while True:
        await asyncio.sleep(RENEW_EVERY.total_seconds())
        # The thread in which Django runs the ORM calls of all coroutines keeps a connection between them.
        await sync_to_async(close_old_connections)()
        try:
            lost = await renew([attempt.lease for attempt in attempts.values()])
        except BROKER_ERRORS as error:
            await trouble.wait(error)
            continue
        trouble.over()
        for job_id in lost & attempts.keys():
            logger.warning("Another worker has the lease of job %s; ending this attempt.", job_id)
            attempts[job_id].end(Fate.LOST)
