"""What running attempts say, stored and told while they run: take all that is pending, write it at once, repeat."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from jobs.events.emit import publish
from jobs.lifecycle.finish import Progress, record_progress
from jobs.lifecycle.tell import Batch, Said
from jobs.models.row import EventRow
from jobs.store import StoreThread
from jobs.worker.attempt import Attempt
from jobs.worker.backoff import Backoff, until_stored
from jobs.worker.voice import Written

#: A job's progress is told at most ten times a second.
PROGRESS_EVERY_SECONDS = 0.1

type _Pending = tuple[Said, Written]

logger = logging.getLogger(__name__)


class Telling:
    """Progress waits for its time, and the latest wins. Chunks and lines are written at once, and none is left out."""

    def __init__(self, store: StoreThread) -> None:
        self._store = store
        #: Threads append and the loop takes from the left, neither of which needs a lock.
        self._said: deque[_Pending] = deque()
        self._progress: dict[UUID, Progress] = {}
        self._has_said = asyncio.Event()
        self._has_progress = asyncio.Event()
        #: Held while something is written, so that the last word of a job comes before its end.
        self._writing = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._trouble = Backoff("Telling")

    def report(self, progress: Progress) -> None:
        """Takes the newest progress of an attempt; callable from any thread."""
        self._progress[progress.job.id] = progress
        self._wake(self._has_progress)

    def say(self, said: Said, written: Written) -> None:
        """Takes an event of an attempt; callable from any thread."""
        self._said.append((said, written))
        self._wake(self._has_said)

    def _wake(self, event: asyncio.Event) -> None:
        """One that is set will be cleared before what waits is taken."""
        if not event.is_set():
            self._loop.call_soon_threadsafe(event.set)

    async def write(self) -> None:
        """All that has been said since the last time, once there is any."""
        await self._has_said.wait()
        self._has_said.clear()
        await publish(await self._write_all())

    async def write_progress(self) -> None:
        """The newest of every job since the last time, once there is any."""
        await self._has_progress.wait()
        self._has_progress.clear()
        batch, self._progress = list(self._progress.values()), {}
        await publish(await self._write_progress(batch))
        await asyncio.sleep(PROGRESS_EVERY_SECONDS)

    async def write_last_words(self, attempts: Sequence[Attempt]) -> list[EventRow]:
        """What was said just before the end of these would come too late after it. Answers events to be published."""
        events: list[EventRow] = []
        if any(attempt.voice.has_spoken for attempt in attempts):
            events += await self._write_all()
        last = [self._progress.pop(attempt.job.id, None) for attempt in attempts]
        if reports := [progress for progress in last if progress]:
            events += await self._write_progress(reports)
        return events

    async def _write_progress(self, reports: Sequence[Progress]) -> list[EventRow]:
        return await until_stored(self._store, self._trouble, record_progress, reports)

    async def _write_all(self) -> list[EventRow]:
        async with self._writing:
            batch = [self._said.popleft() for _ in range(len(self._said))]
            return await self._write_together(batch) if batch else []

    async def _write_together(self, batch: Sequence[_Pending]) -> list[EventRow]:
        try:
            return await self._write_batch(batch)
        except Exception:
            # What the store refuses of one job must not take the others with it.
            logger.exception("A batch of %d events was refused; trying each job by itself.", len(batch))
            by_job = groupby(sorted(batch, key=_job_of), key=_job_of)
            return [event for _, group in by_job for event in await self._write_alone(list(group))]

    async def _write_alone(self, batch: Sequence[_Pending]) -> list[EventRow]:
        try:
            return await self._write_batch(batch)
        except Exception as error:
            logger.exception("%d events of job %s were refused.", len(batch), _job_of(batch[0]))
            for _, written in batch:
                written(error)
            return []

    async def _write_batch(self, batch: Sequence[_Pending]) -> list[EventRow]:
        events = await until_stored(self._store, self._trouble, Batch(said for said, _ in batch))
        for _, written in batch:
            written(None)
        return events


def _job_of(pending: _Pending) -> UUID:
    return pending[0].job_id
