"""The worker process: an arq.Worker whose loop claims in batches and runs jobs through the engine."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from signal import Signals
from typing import Any

import arq
from django.tasks import task_backends

from jobs.broker import ready
from jobs.broker.client import BROKER_ERRORS
from jobs.conf import ALIAS, options
from jobs.worker import stock
from jobs.worker.backoff import Backoff
from jobs.worker.engine import Engine
from jobs.worker.store import STORE_ERRORS

#: An idle worker looks at its queues this often although nothing was pushed: a stock arq client wakes nobody.
IDLE_SECONDS = 0.5
#: One that works off a queue and ends looks more often, as nothing wakes it when its last job ends.
BURST_IDLE_SECONDS = 0.05

logger = logging.getLogger(__name__)


class Worker(arq.Worker):
    """Keeps arq's constructor and ways to run; `main` is ours."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{"functions": stock.functions(), "max_jobs": options().slots, **arguments})
        self.queues = sorted(task_backends[ALIAS].queues)
        self._stopping = asyncio.Event()

    async def main(self) -> None:
        """Claims and runs until told to stop; then hands back what still runs after the grace."""
        async with Engine(self.max_jobs) as engine:
            logger.info(
                "Worker %s runs %d jobs at a time from %s.", engine.worker_id, engine.slots, self.queues
            )
            trouble = Backoff("Redis or the database")
            while not self._stopping.is_set():
                try:
                    done = await self._turn(engine)
                except (*BROKER_ERRORS, *STORE_ERRORS) as error:
                    await trouble.wait(error)
                else:
                    trouble.over()
                    if done:
                        break
            await engine.drain(options().grace_seconds)

    async def _turn(self, engine: Engine) -> bool:
        """Fills the free slots, or waits for something to change. True: a burst is over."""
        idle = BURST_IDLE_SECONDS if self.burst else IDLE_SECONDS
        if not engine.free_slots:
            await engine.wait_for_slot(idle)
            return False
        pauses = []
        for queue in self.queues:
            claim = await ready.claim(queue, engine.worker_id, engine.free_slots)
            if claim.leases:
                await engine.start(claim.leases)
            if claim.pause_seconds is not None:
                pauses.append(claim.pause_seconds)
        if not pauses and not engine.attempts and self.burst:
            return True
        if min(pauses, default=idle) > 0:
            await self._or_stop(ready.wait(self.queues, min([idle, *pauses])))
        return False

    async def _or_stop(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Awaits, unless the worker is told to stop meanwhile."""
        waits = asyncio.ensure_future(waiting)
        stops = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({waits, stops}, return_when=asyncio.FIRST_COMPLETED)
            if waits.done():
                await waits
        finally:
            waits.cancel()
            stops.cancel()
            await asyncio.gather(waits, stops, return_exceptions=True)

    def handle_sig(self, signum: Signals) -> None:
        """The first signal starts the drain, a second one ends the process at once."""
        if self._stopping.is_set() and signum != Signals.SIGUSR1:
            logger.warning("Second %s: ending at once; running jobs will be rescued.", Signals(signum).name)
            os._exit(128 + int(signum))
        logger.info("%s: claiming no more, waiting for %d s.", Signals(signum).name, options().grace_seconds)
        self._stopping.set()

    async def close(self) -> None:
        """The engine has closed everything when `main` returned."""


async def run(**arguments: Any) -> None:
    """Runs a worker until it is told to stop. Call it inside the loop that the worker shall use."""
    await Worker(**arguments).async_run()
