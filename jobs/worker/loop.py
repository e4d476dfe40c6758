"""The worker process: an arq.Worker whose loop claims in batches and runs jobs through the engine."""

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from functools import partial
from signal import Signals
from typing import Any

import arq
from django.core.exceptions import ImproperlyConfigured
from django.tasks import task_backends

from jobs.broker import ready
from jobs.broker.client import redis
from jobs.conf import ALIAS, QueueOptions, options
from jobs.rules.shares import Turns, deal
from jobs.worker import stock
from jobs.worker.bell import Bell
from jobs.worker.engine import Engine
from jobs.worker.livez import Liveness, answering
from jobs.worker.supervise import forever

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
        if not self.queues:
            raise ImproperlyConfigured(f"TASKS['{ALIAS}']['QUEUES'] is empty; name the queues to work on.")
        by_name = options().queues
        self._weights = {queue: by_name.get(queue, QueueOptions()).weight for queue in self.queues}
        self._limits = {queue: limits.max_slots for queue, limits in by_name.items()}
        self._turns = Turns(self._weights)
        self._bell = Bell(self.queues)
        self._stopping = asyncio.Event()

    async def main(self) -> None:
        """Claims and runs until told to stop; then hands back what still runs after the grace."""
        self.ctx["redis"] = redis()
        async with AsyncExitStack() as stack:
            if self.on_startup:
                await self.on_startup(self.ctx)
            if self.on_shutdown:
                stack.push_async_callback(self.on_shutdown, self.ctx)
            engine = await stack.enter_async_context(
                Engine(self.max_jobs, stock.plain(self.functions), self.ctx)
            )
            logger.info(
                "Worker %s runs %d jobs at a time from %s.",
                engine.worker_id,
                engine.slots,
                self.queues,
            )
            liveness = Liveness(engine.watch)
            with answering(options().worker_port, liveness.problem):
                await forever("Claiming", partial(self._turn, engine, liveness), until=self._stopping)
                liveness.stopped_claiming()
                await self._bell.close()
                await engine.drain(options().grace_seconds)

    async def _turn(self, engine: Engine, liveness: Liveness) -> None:
        """Fills the free slots, or waits for something to change."""
        liveness.turned()
        idle = BURST_IDLE_SECONDS if self.burst else IDLE_SECONDS
        engine.slot_freed.clear()
        if not engine.free_slots:
            await self._bell.pass_on()
            await engine.wait_for_slot(idle)
            return
        claim = await ready.claim(engine.worker_id, engine.free_slots, self._shares(engine))
        if claim.leases:
            await engine.start(claim.leases)
        is_empty = claim.pause_seconds is None and not claim.is_capped
        if self.burst and is_empty and not engine.attempts:
            self._stopping.set()
        elif claim.pause_seconds != 0:
            pause = min(idle, claim.pause_seconds or idle)
            await self._bell.wait(pause, engine.slot_freed if claim.is_capped else None)

    def _shares(self, engine: Engine) -> list[ready.Share]:
        order = self._turns.take()
        shares = deal(engine.free_slots, order, self._weights)
        return [
            ready.Share(queue, shares[queue], engine.free_slots_of(queue, self._limits.get(queue)))
            for queue in order
        ]

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
    """Runs a worker until it is told to stop, and ends the process. Call it inside the loop that it shall use."""
    await Worker(**arguments).async_run()
    # Python would wait here for threads whose tasks can't be stopped, for as long as those take. All that had to be
    # recorded is, and their jobs were handed back.
    logging.shutdown()
    os._exit(0)
