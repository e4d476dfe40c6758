"""Jobs that are enqueued at the same moment are stored together: take all that is pending, write it at once, repeat.

A call that comes alone waits for nobody; a hundred at once share one transaction and one call of a Redis script.
"""

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from jobs.events.emit import publish
from jobs.lifecycle.announce import push_stored
from jobs.lifecycle.insert import Inserted, insert
from jobs.models.row import JobRow
from jobs.store import STORE_ERRORS, StoreThread

#: Jobs that one transaction of the intake may carry.
MAX_BATCH = 500

#: Apart from the threads of requests, because one transaction serves many of them.
store = StoreThread()

_intakes: "WeakKeyDictionary[asyncio.AbstractEventLoop, Intake]" = WeakKeyDictionary()


def intake() -> "Intake":
    """The running loop's."""
    loop = asyncio.get_running_loop()
    if loop not in _intakes:
        _intakes[loop] = Intake()
    return _intakes[loop]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    job: JobRow
    #: The job that stands in the store for it.
    stored: "asyncio.Future[JobRow]"


class Intake:
    def __init__(self) -> None:
        self._pending: list[_Asked] = []
        self._writing: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    async def take(self, job: JobRow) -> JobRow:
        """Returns when the job is committed and workers have been told; raises what kept it from being stored."""
        asked = _Asked(job, asyncio.get_running_loop().create_future())
        self._pending.append(asked)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await asked.stored

    async def _write_all(self) -> None:
        while self._pending:
            batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
            await self._write(batch)

    async def _write(self, batch: list[_Asked]) -> None:
        try:
            inserted = await store(insert, [asked.job for asked in batch])
        except Exception as error:  # noqa: BLE001  it is the caller's
            await self._refuse(batch, error)
            return
        # The next batch is written while Redis hears of this one.
        telling = asyncio.create_task(self._tell(batch, inserted))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _refuse(self, batch: list[_Asked], error: Exception) -> None:
        """One job that can't be stored must not take the others with it: each is tried alone.

        Not when the store is away: then each would wait out the time limit, one after the other.
        """
        if len(batch) > 1 and not isinstance(error, STORE_ERRORS):
            for asked in batch:
                await self._write([asked])
            return
        for asked in batch:
            if not asked.stored.done():
                asked.stored.set_exception(error)

    async def _tell(self, batch: list[_Asked], inserted: Inserted) -> None:
        """A caller goes on once Redis knows of its job, and does not wait for those who watch it."""
        try:
            is_pushed = await push_stored(inserted.new)
        finally:
            for asked, job in zip(batch, inserted.jobs, strict=True):
                if not asked.stored.done():  # its caller may have been cancelled
                    asked.stored.set_result(job)
        if is_pushed:
            await publish(inserted.events)
