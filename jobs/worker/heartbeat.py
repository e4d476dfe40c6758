"""Renews the leases of everything that runs here, in one call every few seconds, from a thread of its own.

It also says that this worker lives.

A task that holds up the event loop, by mistake or by design, thus keeps its job and everybody else's.
"""

import asyncio
import logging
import threading
from collections.abc import Iterable, Mapping

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from redis import Redis

from jobs.broker.client import BROKER_ERRORS, connect_sync
from jobs.broker.leases import RENEW_EVERY, prolong, renew
from jobs.worker.attempt import Attempt, Fate
from jobs.worker.backoff import Backoff
from jobs.worker.presence import Presence

#: Redis must answer within this time; several tries fit into the life of a lease.
ANSWER_SECONDS = 2.0
CLOSE_EVERY_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Heartbeat:
    """Made in the loop's thread, with what runs there; beats from `start` to `stop`.

    `settling` is held by whoever gives leases back. The thread needs no such lock, as it only prolongs what is held;
    taking back a lease that ran out is done on the loop, under it.
    """

    def __init__(self, attempts: Mapping[str, Attempt], settling: asyncio.Lock, presence: Presence) -> None:
        self._attempts = attempts
        self._settling = settling
        self._presence = presence
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._beat_until_stopped, name="heartbeat", daemon=True)
        self._stopping = threading.Event()
        self._without_lease: list[Attempt] = []
        self._is_any_without = asyncio.Event()

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)

    def _beat_until_stopped(self) -> None:
        trouble = Backoff("Renewing leases")
        pause = 0.0
        with connect_sync(ANSWER_SECONDS) as client:
            while not self._stopping.wait(pause):
                pause = RENEW_EVERY.total_seconds()
                try:
                    self._beat(client)
                except BROKER_ERRORS as error:
                    pause = trouble.pause(error)
                except Exception:
                    logger.exception("Renewing leases: an unforeseen error; going on.")
                else:
                    trouble.over()

    def _beat(self, client: Redis) -> None:
        beating = {id_: attempt for id_, attempt in list(self._attempts.items()) if not attempt.is_settled}
        if beating:
            found = prolong(client, [attempt.lease for attempt in beating.values()])
            if found.lost or found.gone:
                self._loop.call_soon_threadsafe(
                    self._hear,
                    [beating[job_id] for job_id in found.lost],
                    [beating[job_id] for job_id in found.gone],
                )
        self._presence.tell(client, running=len(beating))

    def _hear(self, lost: Iterable[Attempt], gone: Iterable[Attempt]) -> None:
        """On the loop. An attempt that was settled meanwhile has no lease to lose."""
        for attempt in lost:
            _end_lost(attempt)
        self._without_lease += gone
        self._is_any_without.set()

    async def take_back(self) -> None:
        """Takes back leases that ran out unnoticed, or that Redis forgot, once there are any.

        Should Redis be away, the next beat finds them again.
        """
        await self._is_any_without.wait()
        self._is_any_without.clear()
        gone, self._without_lease = self._without_lease, []
        async with self._settling:
            unsettled = [
                attempt for attempt in gone if not attempt.is_settled and attempt.fate is not Fate.LOST
            ]
            lost = await renew(attempt.lease for attempt in unsettled)
        for attempt in unsettled:
            if attempt.lease.job_id in lost:
                _end_lost(attempt)


def _end_lost(attempt: Attempt) -> None:
    if not attempt.is_settled:
        logger.warning("Another worker has the lease of job %s; ending this attempt.", attempt.job.id)
        attempt.end(Fate.LOST)


async def close_idle_connections() -> None:
    """Django runs the ORM calls of all coroutines in one thread, whose connection nobody else closes.

    Apart from the heartbeat, because a task may hold up that thread for as long as it likes.
    """
    await asyncio.sleep(CLOSE_EVERY_SECONDS)
    await sync_to_async(close_old_connections)()
