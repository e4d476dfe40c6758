"""The sweep: compares what SQL says is alive with what Redis knows, and pushes what is missing.

It makes Redis an index that may be lost: after FLUSHALL, a crash between commit and push, or a failover, every
accepted job is found here.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from jobs.broker.leader import lead
from jobs.broker.leases import RENEW_EVERY
from jobs.broker.ready import push, unknown
from jobs.lifecycle.announce import waiting
from jobs.models import Job
from jobs.status import Status
from jobs.lifecycle.store import StoreThread

SWEEP_EVERY_SECONDS = 5.0
PAGE = 1000
#: A running job that Redis does not know may only wait for its worker's next heartbeat, which takes the lease back.
#: Missing for longer than two of them, its worker is gone.
MISSING_SECONDS = 2 * RENEW_EVERY.total_seconds()

#: All that the broker needs to know of a job.
PUSHED = ("id", "arq_id", "status", "task_path", "queue_name", "priority", "enqueued_at", "run_after")

SWEPT = (Status.READY, Status.DEFERRED, Status.RUNNING)


class Sweeper:
    """Sweeps while its worker leads."""

    def __init__(self, worker_id: str, store: StoreThread) -> None:
        self._worker_id = worker_id
        self._store = store
        #: Running jobs that Redis does not know, and since when (monotonic seconds).
        self._missing: dict[UUID, float] = {}

    async def turn(self) -> None:
        if await lead(self._worker_id):
            self._missing = await sweep(self._store, self._missing, now=time.monotonic())
        await asyncio.sleep(SWEEP_EVERY_SECONDS)


async def sweep(store: StoreThread, missing: dict[UUID, float], *, now: float) -> dict[UUID, float]:
    """One pass over all jobs that have not ended; answers the running ones that Redis does not know."""
    still_missing: dict[UUID, float] = {}
    last: UUID | None = None
    while page := await store(_page, last):
        last = page[-1].id
        lost = [job async for job in _unknown(page)]
        for job in lost:
            if job.status == Status.RUNNING:
                still_missing[job.id] = missing.get(job.id, now)
        await push(
            waiting(job)
            for job in lost
            if job.status != Status.RUNNING or now - still_missing[job.id] >= MISSING_SECONDS
        )
    return still_missing


def _page(after: UUID | None) -> list[Job]:
    rows = Job.objects.filter(status__in=SWEPT).order_by("id").only(*PUSHED)
    return list(rows.filter(id__gt=after)[:PAGE] if after else rows[:PAGE])


async def _unknown(jobs: list[Job]) -> AsyncIterator[Job]:
    by_queue = attrgetter("queue_name")
    for queue, of_queue in groupby(sorted(jobs, key=by_queue), key=by_queue):
        by_id = {job.broker_id: job for job in of_queue}
        for job_id in await unknown(queue, list(by_id)):
            yield by_id[job_id]
