"""What one worker does for all besides the sweep: it ends waits that took too long, repeats to Redis what somebody
asked for, and prunes."""

import asyncio

from django.utils import timezone

from jobs.broker import aborts, pauses
from jobs.broker.leader import lead
from jobs.events.emit import publish
from jobs.lifecycle import cancel, expire, prune, queues
from jobs.store import StoreThread
from jobs.worker.cancels import cancel_aborted

EVERY_SECONDS = 5.0
PRUNE_EVERY_SECONDS = 60.0


class Upkeep:
    """Two loops, each for the leader alone."""

    def __init__(self, worker_id: str, store: StoreThread) -> None:
        self._worker_id = worker_id
        self._store = store

    async def turn(self) -> None:
        if await lead(self._worker_id):
            await expire_all(self._store)
            await repeat_requests(self._store)
            await cancel_aborted(self._store)
        await asyncio.sleep(EVERY_SECONDS)

    async def prune(self) -> None:
        if await lead(self._worker_id):
            batches = prune.batches(timezone.now())
            # One batch a call: the sweep uses the same thread.
            while await self._store(next, batches, None) is not None:
                pass
        await asyncio.sleep(PRUNE_EVERY_SECONDS)


async def expire_all(store: StoreThread) -> None:
    """Fails the jobs whose deadline has passed, and takes them out of their queues."""
    while await store(expire.are_any):
        jobs, events = await store(expire.expire_passed)
        if not jobs:  # all of them are held by somebody else at this moment
            return
        await cancel.forget(jobs)
        await publish(events)


async def repeat_requests(store: StoreThread) -> None:
    """Redis may have been wiped, or away when it was told."""
    await aborts.request(job.broker_id for job in await store(cancel.asked_to_end))
    await repeat_pauses(store)


async def repeat_pauses(store: StoreThread) -> None:
    known = await pauses.known()
    await pauses.assert_paused(await store(queues.paused), known)
