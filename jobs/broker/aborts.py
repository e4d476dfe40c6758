"""Requests to end running jobs. The set is arq's own, so `arq.jobs.Job.abort()` of a stock client works too."""

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.rules.milliseconds import in_ms

#: A request that no worker took for so long is of a job that had ended: ended jobs take theirs along.
FORGOTTEN_AFTER = timedelta(hours=1)
MAX_AT_ONCE = 1000


async def request(job_ids: Iterable[str]) -> None:
    """Asks whichever workers run these jobs to end them; they look once a second. Safe to repeat."""
    if asked := dict.fromkeys(job_ids, _now_ms()):
        await redis().zadd(keys.ABORT, asked)


async def forget(job_ids: Iterable[str]) -> None:
    """Withdraws requests, so that a job which is tried again by hand is not ended by an old one."""
    if withdrawn := list(job_ids):
        await redis().zrem(keys.ABORT, *withdrawn)


async def all_requested() -> list[str]:
    """The jobs that somebody asked to end, the first of them first; at most MAX_AT_ONCE."""
    return [job_id.decode() for job_id in await redis().zrange(keys.ABORT, 0, MAX_AT_ONCE - 1)]


async def requested(job_ids: Sequence[str]) -> set[str]:
    """Those of the jobs that somebody asked to end."""
    if not job_ids:
        return set()
    async with redis().pipeline(transaction=False) as pipe:
        pipe.zremrangebyscore(keys.ABORT, "-inf", _now_ms() - in_ms(FORGOTTEN_AFTER))
        pipe.zmscore(keys.ABORT, list(job_ids))
        _, scores = await pipe.execute()
    return {job_id for job_id, score in zip(job_ids, scores, strict=True) if score is not None}


def _now_ms() -> int:
    return int(time.time() * 1000)
