"""What attempts came to, written in batches: take all that is pending, write it at once, repeat.

An idle worker adds no wait, and a busy one shares each transaction among all jobs that ended since the last.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobs.broker.client import BROKER_ERRORS
from jobs.broker.leases import Ack, ack
from jobs.broker.ready import push
from jobs.events.emit import publish
from jobs.lifecycle.announce import waiting
from jobs.lifecycle.effects import WriteFailed, WriteLost
from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.results import arq_result
from jobs.store import StoreThread
from jobs.worker.attempt import Attempt, failed, raised
from jobs.worker.backoff import Backoff, until_stored
from jobs.worker.telling import Telling

#: How often the database may go away in the middle of a task's own writes: a write that takes too long looks the same.
MAX_LOST_WRITES = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Ended:
    attempt: Attempt
    outcome: Outcome
    #: Answered when the outcome is committed; False: the job was started anew since, and nothing was recorded.
    recorded: "asyncio.Future[bool]"


class Outbox:
    def __init__(self, store: StoreThread) -> None:
        self._store = store
        #: What they say meanwhile.
        self.telling = Telling(store)
        self._ended: list[_Ended] = []
        #: Outcomes on their way whose tasks write something themselves.
        self._writing: set[asyncio.Task[None]] = set()
        self._has_ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._recording = Backoff("Recording")
        #: Held while leases are given back.
        self.settling = asyncio.Lock()

    def record(self, attempt: Attempt, outcome: Outcome) -> "asyncio.Future[bool]":
        """Done when the outcome is committed, on the row and on the attempt's job."""
        ended = _Ended(attempt, outcome, self._loop.create_future())
        if outcome.writes:
            writing = self._loop.create_task(self._finish_with_writes(ended))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        else:
            self._take(ended)
        return ended.recorded

    def _take(self, ended: _Ended) -> None:
        self._ended.append(ended)
        self._has_ended.set()

    async def write_outcomes(self) -> None:
        """All that have ended since the last time, once there are any."""
        await self._has_ended.wait()
        self._has_ended.clear()
        pending, self._ended = self._ended, []
        # A job that was claimed anew here may be in it twice; each of its attempts is judged by its own fence.
        batch = list({ended.attempt.job.id: ended for ended in pending}.values())
        for older in [ended for ended in pending if ended not in batch]:
            await self._finish_alone(older)
        await self._finish_together(batch)

    async def _finish_with_writes(self, ended: _Ended) -> None:
        """In a transaction and a thread of its own: what a task writes may take long, and may be refused."""
        store = StoreThread()
        try:
            for tries_left in reversed(range(MAX_LOST_WRITES)):
                try:
                    return await self._finish([ended], store)
                except WriteLost:
                    if not tries_left:
                        raise
        except Exception as error:  # noqa: BLE001  the attempt has failed with it
            cause = error.__cause__ if isinstance(error, WriteFailed) and error.__cause__ else error
            self._take(replace(ended, outcome=raised(ended.attempt, cause)))
        finally:
            await store.close()

    async def _finish_together(self, batch: Sequence[_Ended]) -> None:
        try:
            await self._finish(batch)
        except Exception:
            # One outcome that the store refuses must not take the others with it.
            logger.exception("A batch of %d outcomes was refused; trying each by itself.", len(batch))
            for ended in batch:
                await self._finish_alone(ended)

    async def _finish_alone(self, ended: _Ended) -> None:
        try:
            await self._finish([ended])
        except Exception as error:
            logger.exception("The outcome of job %s was refused; it has failed.", ended.attempt.job.id)
            refused = replace(ended, outcome=failed(ended.attempt.job, error))
            try:
                await self._finish([refused])
            except Exception as again:  # noqa: BLE001  told to the attempt, which says it
                ended.recorded.set_exception(again)

    async def _finish(self, batch: Sequence[_Ended], store: StoreThread | None = None) -> None:
        last_words = await self.telling.write_last_words([ended.attempt for ended in batch])
        events = await until_stored(
            store or self._store,
            self._recording,
            finish,
            [(ended.attempt.job, ended.outcome) for ended in batch],
        )
        changed = {event.job_id for event in events}
        await self._settle([ended for ended in batch if ended.attempt.job.id in changed])
        for ended in batch:
            if not ended.recorded.done():
                ended.recorded.set_result(ended.attempt.job.id in changed)
        await publish([*last_words, *events])

    async def _settle(self, batch: Sequence[_Ended]) -> None:
        """Tells Redis of what was committed. If it is away, the leases run out and the store's word counts."""
        over = [ended.attempt for ended in batch if ended.attempt.job.status.is_ended]
        again = [ended.attempt for ended in batch if not ended.attempt.job.status.is_ended]
        try:
            async with self.settling:
                for attempt in (*over, *again):
                    attempt.is_settled = True
                await ack(Ack(attempt.lease, arq_result(attempt.job)) for attempt in over)
                await push(waiting(attempt.job, attempt.lease.token) for attempt in again)
        except BROKER_ERRORS as error:
            logger.warning("Redis is away; %d leases will run out by themselves: %r", len(batch), error)
