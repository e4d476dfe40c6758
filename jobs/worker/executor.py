"""Where a task's function runs, on the loop, in a thread or in a child process; and how long anybody waits for it."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.tasks.signals import task_started

from jobs.errors import SoftTimeout
from jobs.lifecycle import signals
from jobs.lifecycle.finish import Outcome
from jobs.worker import child
from jobs.worker.attempt import (
    Attempt,
    Fate,
    cancelled,
    current,
    handed_back,
    raised,
    returned,
    timed_out,
)
from jobs.worker.context import bound
from jobs.worker.steered import Steered
from jobs.worker.stream import stream
from jobs.worker.threads import Threads

logger = logging.getLogger(__name__)

type Call = asyncio.Task[Outcome]


class Executor:
    """Runs the functions of attempts."""

    def __init__(self, slots: int, freed: Callable[[], None]) -> None:
        self._threads = Threads(slots)
        #: Called when a slot is free that was taken by one of these:
        self._freed = freed
        #: Attempts that nobody waits for any more and whose functions go on all the same.
        self.let_go: set[Attempt] = set()

    async def perform(self, attempt: Attempt) -> Outcome | None:
        """Runs the attempt, and answers no later than its time limit and a grace; None when it was lost."""
        if attempt.fate:
            return _decided(attempt, attempt.fate)
        call = self._begin(attempt)
        if not call.done():
            await self._wait(attempt, call)
        return _outcome(attempt, call)

    def close(self) -> None:
        """Waits for no thread."""
        self._threads.close()

    def _begin(self, attempt: Attempt) -> Call:
        """In an asyncio task of its own, so that we can go on without it. It has ended by then if it never waits."""
        current.set(attempt)
        call = asyncio.Task(
            self._call(attempt),
            loop=asyncio.get_running_loop(),
            name=f"job {attempt.job.broker_id}",
            eager_start=True,
        )
        if attempt.task.is_async:
            attempt.tell = call.cancel  # type: ignore[assignment]  # whether it could is of no interest
        return call

    async def _call(self, attempt: Attempt) -> Outcome:
        try:
            if signals.are_heard(task_started):
                await signals.tell(task_started, attempt.job)
            if attempt.task.executor == "process":
                return await child.perform(attempt, self._threads)
            return returned(attempt, await self._run(attempt))
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is: let through, SystemExit would end the worker
            return raised(attempt, error)

    async def _run(self, attempt: Attempt) -> Any:
        function = bound(attempt.task, attempt.job, attempt.voice, attempt.stop, attempt.writes)
        if not attempt.task.is_async:
            return await self._threads.call(function)
        if attempt.task.is_streaming:
            function = partial(stream, attempt, function)
        soft = attempt.task.soft_timeout
        if soft is None:
            return await function()
        steered = Steered(function())
        told = SoftTimeout(f"It has run for {soft.total_seconds():g} s; it may clean up.")
        attempt.warn = lambda: steered.interrupt(told)
        return await steered

    async def _wait(self, attempt: Attempt, call: Call) -> None:
        """Returns when the function has ended, or was let go."""
        loop = asyncio.get_running_loop()
        attempt.over = loop.create_future()
        call.add_done_callback(attempt.let_go)
        timers = [loop.call_later(attempt.time_limit.total_seconds(), attempt.end, Fate.TIMED_OUT)]
        if soft := attempt.task.soft_timeout:
            timers.append(loop.call_later(soft.total_seconds(), attempt.soften))
        try:
            await attempt.over
        finally:
            for timer in timers:
                timer.cancel()
        if not call.done():
            self._go_on_without(attempt, call)

    def _go_on_without(self, attempt: Attempt, call: Call) -> None:
        """A child is killed. A coroutine and a thread can't be: they are counted until they end."""
        self.let_go.add(attempt)
        call.add_done_callback(partial(self._end, attempt))
        if attempt.task.executor == "process":
            call.cancel()
        else:
            logger.warning(
                "Job %s (%s) was told to end and goes on: its slot is taken until it ends.",
                attempt.job.id,
                attempt.job.task_path,
            )

    def _end(self, attempt: Attempt, _call: Call) -> None:
        self.let_go.discard(attempt)
        self._freed()


def _outcome(attempt: Attempt, call: Call) -> Outcome | None:
    if attempt.fate:
        return _decided(attempt, attempt.fate)
    if call.cancelled():
        # By itself, or by what it awaited.
        return raised(attempt, RuntimeError("The task was cancelled from within."))
    return call.result()


def _decided(attempt: Attempt, fate: Fate) -> Outcome | None:
    match fate:
        case Fate.TIMED_OUT:
            return timed_out(attempt)
        case Fate.CANCELLED:
            return cancelled()
        case Fate.HANDED_BACK:
            return handed_back()
        case Fate.LOST:
            return None
