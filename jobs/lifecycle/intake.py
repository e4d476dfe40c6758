"""Jobs that are enqueued at the same moment are stored together, in one transaction and one call of a Redis script."""

import asyncio
from collections.abc import Sequence

from jobs.events.emit import publish
from jobs.lifecycle.announce import push_stored
from jobs.lifecycle.insert import Inserted, insert
from jobs.models.row import JobRow
from jobs.store import STORE_ERRORS, StoreThread
from jobs.together import Call, Together

#: Jobs that one transaction of the intake may carry.
MAX_BATCH = 500

type Calls = Sequence[Call[JobRow, JobRow]]

#: Apart from the threads of requests, because one transaction serves many of them.
store = StoreThread()

_telling: set[asyncio.Task[None]] = set()


async def _write(calls: Calls) -> None:
    try:
        inserted = await store(insert, [call.asked for call in calls])
    except Exception as error:
        if len(calls) == 1 or isinstance(error, STORE_ERRORS):
            raise
        await _write_each(calls)
        return
    # The next batch is written while Redis hears of this one.
    telling = asyncio.create_task(_tell(calls, inserted))
    _telling.add(telling)
    telling.add_done_callback(_telling.discard)


async def _write_each(calls: Calls) -> None:
    """One job that can't be stored must not take the others with it: each is tried alone.

    Not when the store is away: then each would wait out the time limit, one after the other.
    """
    for call in calls:
        try:
            await _write([call])
        except Exception as error:  # noqa: BLE001  it is the caller's
            call.fail(error)


async def _tell(calls: Calls, inserted: Inserted) -> None:
    """A caller goes on once Redis knows of its job, and does not wait for those who watch it."""
    try:
        is_pushed = await push_stored(inserted.new)
    finally:
        for call, job in zip(calls, inserted.jobs, strict=True):
            call.give(job)
    if is_pushed:
        await publish(inserted.events)


#: Stores a job and answers the one that stands for it, when it is committed and workers have been told. Raises what
#: kept it from being stored.
take_in = Together(_write, most=MAX_BATCH)
