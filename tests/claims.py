"""A claim as a worker makes it, from one queue."""

from jobs.broker import ready
from jobs.broker.ready import Claim, Share


async def claim(queue: str, worker_id: str, slots: int) -> Claim:
    return await ready.claim(worker_id, slots, [Share(queue, slots, 1000)])
