"""Jobs that wait: pushed by whoever enqueues, claimed by workers."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import batched, groupby
from operator import attrgetter

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.leases import LEASE, Lease
from jobs.broker.scripts import Script

#: Jobs that one call of a script may carry: it holds up Redis for about a millisecond.
MAX_BATCH = 500

_push = Script("push")
_claim = Script("claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job as the broker knows it."""

    job_id: str
    queue: str
    #: When it may start, Unix time in ms; 0: at once; negative: so many ms from now, on Redis' clock.
    due_ms: int
    priority: int
    envelope: bytes
    #: Token of the lease under which it ran until now; empty: none.
    token: str = ""


async def push(jobs: Iterable[Waiting]) -> None:
    """Makes jobs known to workers, and gives back the leases that they ran under. Safe to repeat."""
    for queue, of_queue in groupby(sorted(jobs, key=attrgetter("queue")), key=attrgetter("queue")):
        for batch in batched(of_queue, MAX_BATCH):
            args = [
                part
                for job in batch
                for part in (job.job_id, job.token, job.due_ms, job.priority, job.envelope)
            ]
            await _push(redis(), [keys.queue(queue), keys.wake(queue)], args)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim brought."""

    leases: list[Lease]
    #: Until the queue's next job becomes due; None: nothing waits. Zero: more are ready.
    pause_seconds: float | None


async def claim(queue: str, worker_id: str, slots: int) -> Claim:
    """Takes up to `slots` ready jobs of a queue, in the order of their priority and age."""
    milliseconds = int(LEASE.total_seconds() * 1000)
    pause, *found = await _claim(redis(), [keys.queue(queue), keys.CLAIMS], [worker_id, slots, milliseconds])
    leases = [Lease(found[i].decode(), queue, found[i + 1].decode()) for i in range(0, len(found), 2)]
    return Claim(leases, None if pause < 0 else pause / 1000)


async def wait(queues: Sequence[str], seconds: float) -> None:
    """Sleeps until something is pushed to one of the queues, at most for `seconds`."""
    # Redis reads a time-out of 0 as "for ever".
    command = ["BLPOP", *(keys.wake(queue) for queue in queues), max(seconds, 0.001)]
    await redis().execute_command(*command)  # type: ignore[no-untyped-call]


async def unknown(queue: str, job_ids: Sequence[str]) -> list[str]:
    """Those of the jobs that Redis does not have in the queue."""
    if not job_ids:
        return []
    scores = await redis().zmscore(keys.queue(queue), list(job_ids))
    return [job_id for job_id, score in zip(job_ids, scores, strict=True) if score is None]


async def is_reachable(seconds: float = 1.0) -> bool:
    """Whether Redis answers within that time."""
    try:
        async with asyncio.timeout(seconds):
            return bool(await redis().ping())
    except Exception:  # noqa: BLE001  whatever the reason, the answer is no
        return False
