"""Jobs that wait: pushed by whoever enqueues, claimed by workers."""

import asyncio
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched, count, groupby
from operator import attrgetter

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.leases import LEASE, Lease
from jobs.broker.scripts import Script
from jobs.rules.milliseconds import in_ms

#: Jobs that one call of a script may carry: it holds up Redis for about a millisecond.
MAX_BATCH = 500

#: What is to start no sooner than after this is neither leased nor put off by a worker that does not know its task,
#: however clocks differ.
LATER = LEASE + timedelta(seconds=75)

_LEASE_MS = in_ms(LEASE)

_push = Script("push")
_claim = Script("claim")

#: Of the claims of this process, so that no two have the same token.
_numbers = count(1)


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
class Share:
    """What one queue may have of a claim."""

    queue: str
    #: Slots that are its own; what it leaves of them goes to the other queues.
    slots: int
    #: The most that it may have, its own and others'.
    max_slots: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim brought."""

    leases: list[Lease]
    #: Until a queue's next job becomes due; None: nothing waits. Zero: more are ready.
    pause_seconds: float | None
    #: Whether jobs wait because their queue has all that it may have.
    is_capped: bool


async def claim(worker_id: str, slots: int, shares: Sequence[Share]) -> Claim:
    """Takes up to `slots` ready jobs; of each queue in the order of their priority and age."""
    names = [share.queue for share in shares]
    args = [part for share in shares for part in (share.slots, share.max_slots)]
    over_at = time.monotonic() + LEASE.total_seconds()
    pause, is_capped, *found = await _claim(
        redis(),
        [keys.PAUSED, *map(keys.queue, names)],
        [f"{worker_id}:{next(_numbers)}", _LEASE_MS, slots, *args],
    )
    leases = [
        # An id that is no text is nobody's: it is looked for under another, and not found.
        Lease(job_id.decode(errors="replace"), names[number], token.decode(), over_at)
        for number, job_id, token in batched(found, 3)
    ]
    return Claim(leases, None if pause < 0 else pause / 1000, bool(is_capped))


async def wait(queues: Sequence[str], seconds: float) -> str | None:
    """Sleeps until something is pushed to one of the queues, and answers which; None after about `seconds`."""
    # Redis reads a time-out of 0 as "for ever".
    command = ["BLPOP", *(keys.wake(queue) for queue in queues), max(seconds, 0.001)]
    woken = await redis().execute_command(*command)  # type: ignore[no-untyped-call]
    return woken and next(queue for queue in queues if keys.wake(queue).encode() == woken[0])


async def wake(queue: str) -> None:
    """Wakes one idle worker."""
    await redis().execute_command("LPUSH", keys.wake(queue), "1")  # type: ignore[no-untyped-call]


async def unknown(queue: str, job_ids: Sequence[str], ready: Collection[str] = ()) -> list[str]:
    """Those of the jobs that Redis does not have in the queue; of the `ready` ones those too that it has for later."""
    if not job_ids:
        return []
    later = (time.time() + LATER.total_seconds()) * 1000
    scores = await redis().zmscore(keys.queue(queue), list(job_ids))
    return [
        job_id
        for job_id, score in zip(job_ids, scores, strict=True)
        if score is None or (score > later and job_id in ready)
    ]


async def is_reachable(seconds: float = 1.0) -> bool:
    """Whether Redis answers within that time."""
    try:
        async with asyncio.timeout(seconds):
            return bool(await redis().ping())
    except Exception:  # noqa: BLE001  whatever the reason, the answer is no
        return False
