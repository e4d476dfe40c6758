"""The sweep: jobs that are alive in SQL, and that Redis does not know, or not as promoted, are pushed.

It makes Redis an index that may be lost. After a loss all jobs are looked at, at once. Otherwise a stretch of them each
turn, round and round, however many wait: that finds the job whose process died between commit and push.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from jobs.broker import index
from jobs.broker.leader import lead
from jobs.broker.leases import RENEW_EVERY
from jobs.broker.ready import push, unknown
from jobs.lifecycle.announce import waiting
from jobs.models import Job
from jobs.status import Status
from jobs.store import StoreThread
from jobs.worker.upkeep import repeat_pauses

SWEEP_EVERY_SECONDS = 5.0
PAGE = 1000
#: Pages of a turn while Redis is whole: about a hundredth of a core.
MAX_PAGES = 10
#: A running job that Redis does not know may only wait for its worker's next heartbeat, which takes the lease back.
#: Missing for longer than two of them, its worker is gone.
MISSING_SECONDS = 2 * RENEW_EVERY.total_seconds()

SWEPT = (Status.READY, Status.DEFERRED, Status.RUNNING)


class _Alive(NamedTuple):
    id: UUID
    arq_id: str
    queue: str
    status: str

    @property
    def broker_id(self) -> str:
        return self.arq_id or str(self.id)


class Sweeper:
    """Sweeps while its worker leads."""

    def __init__(self, worker_id: str, store: StoreThread) -> None:
        self._worker_id = worker_id
        self._store = store
        #: Where the next stretch begins.
        self._last = UUID(int=0)
        #: Running jobs that Redis does not know, and since when (monotonic seconds).
        self._missing: dict[UUID, float] = {}

    async def turn(self) -> None:
        if await lead(self._worker_id):
            await self.sweep(now=time.monotonic())
        else:
            self._missing.clear()  # when it leads again, that is long ago
        await asyncio.sleep(SWEEP_EVERY_SECONDS)

    async def sweep(self, *, now: float) -> None:
        """Everything after a loss of Redis, else the next stretch; `now` in monotonic seconds."""
        if is_whole := await index.is_whole():
            pages = MAX_PAGES
        else:
            self._last, pages = UUID(int=0), None
            await index.begin_comparing()
            await repeat_pauses(self._store)  # before there is anything to claim
        async for page in self._pages(pages):
            await self._push_unknown(page, now)
        await self._look_again_at_missing(now)
        if not is_whole:
            await index.mark_whole()

    async def _look_again_at_missing(self, now: float) -> None:
        asked = list(self._missing)[:PAGE]
        alive = await self._store(_of, asked)
        for ended in set(asked) - {job.id for job in alive}:
            del self._missing[ended]
        await self._push_unknown(alive, now)

    async def _pages(self, most: int | None) -> AsyncIterator[list[_Alive]]:
        """From where the last turn ended to the end, but at most so many; after the end comes the beginning."""
        while most is None or most > 0:
            page = await self._store(_after, self._last)
            yield page
            if len(page) < PAGE:
                self._last = UUID(int=0)
                return
            self._last = page[-1].id
            most = most and most - 1

    async def _push_unknown(self, jobs: Sequence[_Alive], now: float) -> None:
        lost = {job.id: job async for job in _unknown(jobs)}
        for job in jobs:
            if job.id not in lost:
                self._missing.pop(job.id, None)
        overdue = [job.id for job in lost.values() if self._is_overdue(job, now)]
        await push([waiting(job) for job in await self._store(_whole, overdue)])

    def _is_overdue(self, job: _Alive, now: float) -> bool:
        if job.status != Status.RUNNING:
            return True
        since = self._missing.setdefault(job.id, now)
        return now - since >= MISSING_SECONDS


def _after(last: UUID) -> list[_Alive]:
    return _alive(id__gt=last)


def _of(ids: Sequence[UUID]) -> list[_Alive]:
    return _alive(id__in=ids) if ids else []


def _alive(**which: Any) -> list[_Alive]:
    return [_Alive(*row) for row in rows_alive(**which)[:PAGE]]


def rows_alive(**which: Any) -> "QuerySet[Job, tuple[Any, ...]]":
    """Of jobs that have not ended. By finished_at the small index of such jobs is found."""
    rows = Job.objects.filter(finished_at=None, status__in=SWEPT, **which).order_by("id")
    return rows.values_list("id", "arq_id", "queue_name", "status")


def _whole(ids: Iterable[UUID]) -> list[Job]:
    return list(Job.objects.filter(id__in=ids, finished_at=None)) if ids else []


async def _unknown(jobs: Iterable[_Alive]) -> AsyncIterator[_Alive]:
    by_queue = attrgetter("queue")
    for queue, of_queue in groupby(sorted(jobs, key=by_queue), key=by_queue):
        by_id = {job.broker_id: job for job in of_queue}
        ready = {job_id for job_id, job in by_id.items() if job.status == Status.READY}
        for job_id in await unknown(queue, list(by_id), ready):
            yield by_id[job_id]
