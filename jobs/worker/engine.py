"""From claim to ack: start → perform → record, for jobs that a loop has claimed."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Self

from channels.layers import channel_layers
from django.tasks.signals import task_finished

from jobs.broker import client
from jobs.broker.leader import resign
from jobs.broker.leases import Ack, Lease, ack
from jobs.broker.ready import push
from jobs.errors import UnknownTask
from jobs.events.emit import publish
from jobs.lifecycle import signals
from jobs.lifecycle.announce import waiting_on
from jobs.lifecycle.finish import Outcome, Progress
from jobs.lifecycle.start import start
from jobs.lifecycle.store import StoreThread
from jobs.models.row import JobRow
from jobs.status import Status
from jobs.task import find_task
from jobs.worker.attempt import Attempt, Fate, failed
from jobs.worker.cancels import end_cancelled
from jobs.worker.executor import Executor
from jobs.worker.heartbeat import Heartbeat, close_idle_connections
from jobs.worker.outbox import Outbox
from jobs.worker.supervise import forever
from jobs.worker.sweeper import Sweeper
from jobs.worker.upkeep import Upkeep
from jobs.worker.watch import Watch

#: How long recording what was handed back may take.
HAND_BACK_SECONDS = 5.0

logger = logging.getLogger(__name__)


def new_worker_id() -> str:
    """Names this process for people, and no other one ever."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Engine:
    """Runs attempts in a fixed number of slots; an async context manager."""

    def __init__(self, slots: int) -> None:
        self.worker_id = new_worker_id()
        self.slots = slots
        #: What runs here, by job; of a job that was claimed anew, the newest.
        self.attempts: dict[str, Attempt] = {}
        self._running: set[Attempt] = set()
        self._store = StoreThread()
        #: Apart, so that a sweep through many rows holds up no start and no finish.
        self._sweep_store = StoreThread()
        self._outbox = Outbox(self._store)
        self._heartbeat = Heartbeat(self.attempts, self._outbox.settling)
        #: Says whether the event loop turns.
        self.watch = Watch()
        #: Set when an attempt ends.
        self.slot_freed = asyncio.Event()
        self._executor = Executor(slots, self.slot_freed.set)

    async def __aenter__(self) -> Self:
        upkeep = Upkeep(self.worker_id, self._sweep_store)
        turns: dict[str, Callable[[], Awaitable[None]]] = {
            "Recording": self._outbox.write_outcomes,
            "Telling progress": self._outbox.write_progress,
            "Taking leases back": self._heartbeat.take_back,
            "Ending cancelled jobs": partial(end_cancelled, self.attempts),
            "Sweeping": Sweeper(self.worker_id, self._sweep_store).turn,
            "Keeping up": upkeep.turn,
            "Pruning": upkeep.prune,
            "Closing idle connections": close_idle_connections,
        }
        self._background = [asyncio.create_task(forever(what, turn)) for what, turn in turns.items()]
        self._heartbeat.start()
        self.watch.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(client.close)
            stack.push_async_callback(resign, self.worker_id)
            stack.push_async_callback(channel_layers["default"].flush)
            stack.push_async_callback(self._store.close)
            stack.push_async_callback(self._sweep_store.close)
            stack.callback(self._executor.close)
            stack.push_async_callback(self._heartbeat.stop)
            stack.callback(self.watch.stop)
            for loop in self._background:
                loop.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)

    @property
    def free_slots(self) -> int:
        return max(0, self.slots - len(self._running) - len(self._going_on))

    @property
    def _going_on(self) -> set[Attempt]:
        """A function that goes on after its attempt keeps its slot until it ends."""
        return self._executor.let_go - self._running

    def free_slots_of(self, queue: str, max_slots: int | None) -> int:
        """Of the free slots, those that a queue with such a limit may take."""
        if max_slots is None:
            return self.free_slots
        taken = sum(attempt.lease.queue == queue for attempt in (*self._running, *self._going_on))
        return min(self.free_slots, max(0, max_slots - taken))

    async def wait_for_slot(self, seconds: float) -> None:
        """Returns when an attempt ends, or has ended since the event was cleared; at most after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.slot_freed.wait()
        except TimeoutError:
            pass

    async def start(self, leases: Sequence[Lease]) -> list[Attempt]:
        """Starts claimed jobs; each then runs by itself. Leases on jobs that may not start are given back."""
        started = await self._store(start, [lease.job_id for lease in leases], self.worker_id)
        by_id = {job.broker_id: job for job in started.jobs}
        early = {job.broker_id: job for job in started.early}
        attempts = [self._launch(by_id[lease.job_id], lease) for lease in leases if lease.job_id in by_id]
        await push(waiting_on(early[lease.job_id], lease.token) for lease in leases if lease.job_id in early)
        if over := [lease for lease in leases if lease.job_id not in by_id and lease.job_id not in early]:
            logger.warning(
                "Redis forgets %d jobs that have ended or have no row: %s.", len(over), over[0].job_id
            )
            await ack(Ack(lease) for lease in over)
        await publish(started.events)
        return attempts

    def _launch(self, job: JobRow, lease: Lease) -> Attempt:
        attempt = Attempt(job=job, lease=lease)
        if older := self.attempts.get(lease.job_id):
            # Its lease ran out here, unnoticed until now: this process was stopped, or Redis was away.
            older.end(Fate.LOST)
        self.attempts[lease.job_id] = attempt
        self._running.add(attempt)
        attempt.running = asyncio.create_task(self._run(attempt), name=f"job {job.broker_id}")
        attempt.running.add_done_callback(partial(self._free, attempt))
        return attempt

    async def _run(self, attempt: Attempt) -> None:
        """The life of an attempt, in order."""
        outcome = await self._outcome(attempt)
        if outcome is None:
            return
        attempt.has_outcome = True
        recorded = await self._outbox.record(attempt, outcome)
        attempt.will_run_again = recorded and not attempt.job.status.is_ended
        if not recorded:
            logger.warning(
                "Job %s was taken over by another worker; this attempt is not recorded.", attempt.job.id
            )
        elif attempt.job.status.is_ended and (
            attempt.job.status == Status.FAILED or signals.are_heard(task_finished)
        ):
            await signals.tell(task_finished, attempt.job)

    async def _outcome(self, attempt: Attempt) -> Outcome | None:
        try:
            attempt.task = find_task(attempt.job.task_path)
        except UnknownTask as error:
            return failed(attempt.job, error)
        return await self._executor.perform(attempt, partial(self._report, attempt.job))

    def _report(self, job: JobRow, fraction: float, text: str) -> None:
        self._outbox.report(Progress(job=job, fraction=fraction, text=text))

    def _free(self, attempt: Attempt, running: "asyncio.Task[None]") -> None:
        self._running.discard(attempt)
        if self.attempts.get(attempt.lease.job_id) is attempt:
            del self.attempts[attempt.lease.job_id]
        self.slot_freed.set()
        if not running.cancelled() and (error := running.exception()):
            logger.error(
                "Job %s could not be recorded; its lease will run out.", attempt.job.id, exc_info=error
            )

    async def hand_back(self, attempt: Attempt) -> None:
        """Ends one attempt; returns when its job is back in the queue."""
        attempt.end(Fate.HANDED_BACK)
        if attempt.running:
            await asyncio.wait([attempt.running], timeout=HAND_BACK_SECONDS)

    async def drain(self, grace_seconds: float) -> None:
        """Lets running attempts go on for a while, then hands the rest back."""
        running = [attempt.running for attempt in self._running if attempt.running]
        if running:
            await asyncio.wait(running, timeout=grace_seconds)
        for attempt in list(self._running):
            attempt.end(Fate.HANDED_BACK)
        if unfinished := [task for task in running if not task.done()]:
            await asyncio.wait(unfinished, timeout=HAND_BACK_SECONDS)
