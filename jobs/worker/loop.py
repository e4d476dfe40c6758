"""The worker process: an arq.Worker whose loop claims in batches and runs jobs through the engine."""

import asyncio
import logging
import os
from collections import deque
from functools import partial
from signal import Signals
from typing import Any

import arq
from django.tasks import task_backends

from jobs.broker import ready
from jobs.conf import ALIAS, options
from jobs.worker import stock
from jobs.worker.engine import Engine
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
        self.queues = deque(sorted(task_backends[ALIAS].queues))
        self._stopping = asyncio.Event()

    async def main(self) -> None:
        """Claims and runs until told to stop; then hands back what still runs after the grace."""
        async with Engine(self.max_jobs) as engine:
            logger.info(
                "Worker %s runs %d jobs at a time from %s.",
                engine.worker_id,
                engine.slots,
                sorted(self.queues),
            )
            await forever("Claiming", partial(self._turn, engine), until=self._stopping)
            await engine.drain(options().grace_seconds)

    async def _turn(self, engine: Engine) -> None:
        """Fills the free slots, or waits for something to change."""
        idle = BURST_IDLE_SECONDS if self.burst else IDLE_SECONDS
        if not engine.free_slots:
            await engine.wait_for_slot(idle)
            return
        # The queue that was first now is last next time, so that none waits for ever behind another.
        self.queues.rotate()
        pauses = [pause for queue in self.queues if (pause := await self._claim(queue, engine)) is not None]
        if not pauses and not engine.attempts and self.burst:
            self._stopping.set()
        elif min(pauses, default=idle) > 0:
            await ready.wait(self.queues, min([idle, *pauses]))

    async def _claim(self, queue: str, engine: Engine) -> float | None:
        """Starts what one queue has for the free slots; answers how many seconds until it has more, None: never."""
        claim = await ready.claim(queue, engine.worker_id, engine.free_slots)
        if claim.leases:
            await engine.start(claim.leases)
        return claim.pause_seconds

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
