"""Ends running attempts on request."""

import asyncio
from collections.abc import Mapping

from jobs.broker import aborts
from jobs.worker.attempt import Attempt, Fate

#: A task is told within two seconds; half of that is for a Redis that is slow to answer.
LOOK_EVERY_SECONDS = 1.0


async def end_cancelled(attempts: Mapping[str, Attempt]) -> None:
    """One look at the requests. An idle worker asks nothing."""
    await asyncio.sleep(LOOK_EVERY_SECONDS)
    for job_id in await aborts.requested(list(attempts)):
        if attempt := attempts.get(job_id):
            attempt.end(Fate.CANCELLED)
