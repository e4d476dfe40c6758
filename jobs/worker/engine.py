"""From claim to ack: start → perform → record, for jobs that a loop has claimed."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import MappingProxyType
from typing import Any, Self

from arq.worker import Function
from channels.layers import channel_layers
from django.tasks.signals import task_finished

from jobs.broker import client
from jobs.broker.calls import Call
from jobs.broker.leader import resign
from jobs.broker.leases import Ack, Lease, ack
from jobs.broker.ready import push
from jobs.broker.workers import leave
from jobs.errors import LeaseOver
from jobs.events.emit import publish
from jobs.lifecycle import signals
from jobs.lifecycle.announce import waiting_on
from jobs.lifecycle.start import is_job_id, start
from jobs.models.row import JobRow
from jobs.status import Status
from jobs.store import StoreThread
from jobs.task import find_task
from jobs.worker import capture
from jobs.worker.attempt import Attempt, Fate
from jobs.worker.cancels import end_cancelled
from jobs.worker.executor import Executor
from jobs.worker.foreign import Foreign
from jobs.worker.heartbeat import Heartbeat, close_idle_connections
from jobs.worker.outbox import Outbox
from jobs.worker.plain import Plain
from jobs.worker.presence import Presence
from jobs.worker.supervise import forever
from jobs.worker.sweeper import Sweeper
from jobs.worker.upkeep import Upkeep
from jobs.worker.voice import Voice
from jobs.worker.watch import Watch

NOTHING: Mapping[str, Any] = MappingProxyType({})
#: How long recording what was handed back may take.
HAND_BACK_SECONDS = 5.0

logger = logging.getLogger(__name__)


def new_worker_id() -> str:
    """Names this process for people, and no other one ever."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Engine:
    """Runs attempts in a fixed number of slots; an async context manager."""

    def __init__(
        self, slots: int, functions: Mapping[str, Function] = NOTHING, ctx: Mapping[str, Any] = NOTHING
    ) -> None:
        """`functions` are plain arq coroutines that run besides the tasks, each with `ctx` as its first argument."""
        self.worker_id = new_worker_id()
        self.slots = slots
        #: What runs here, by job; of a job that was claimed anew, the newest.
        self.attempts: dict[str, Attempt] = {}
        #: Those whose function has not ended, each in a slot.
        self._running: set[Attempt] = set()
        #: Those and the ones whose outcome is being recorded meanwhile.
        self._in_hand: set[Attempt] = set()
        self._store = StoreThread()
        #: Apart, so that a sweep through many rows holds up no start and no finish.
        self._sweep_store = StoreThread()
        self._outbox = Outbox(self._store)
        self._foreign = Foreign(self._store, functions)
        self._plain = Plain(self.worker_id, functions, ctx, self._outbox.settling)
        self._heartbeat = Heartbeat(self.attempts, self._outbox.settling, Presence(self.worker_id, slots))
        #: Says whether the event loop turns.
        self.watch = Watch()
        #: Set when an attempt ends.
        self.slot_freed = asyncio.Event()
        self._executor = Executor(slots, self.slot_freed.set)

    async def __aenter__(self) -> Self:
        upkeep = Upkeep(self.worker_id, self._sweep_store)
        turns: dict[str, Callable[[], Awaitable[None]]] = {
            "Recording": self._outbox.write_outcomes,
            "Recording plain functions": self._plain.write,
            "Telling": self._outbox.telling.write,
            "Telling progress": self._outbox.telling.write_progress,
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
        capture.install()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(client.close)
            stack.push_async_callback(resign, self.worker_id)
            stack.push_async_callback(leave, self.worker_id)
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
        """While the outcomes of some jobs are recorded, others run in their slots; but no more than as many again."""
        unrecorded = max(0, len(self._in_hand) - len(self._running) - self.slots)
        return max(0, self.slots - len(self._running) - len(self._going_on) - unrecorded)

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
        ours = [lease for lease in leases if is_job_id(lease.job_id)]
        attempts, rest = await self._start_rows(ours)
        if foreign := [*rest, *(lease for lease in leases if not is_job_id(lease.job_id))]:
            found = await self._foreign.sort_out(foreign)
            more, ended = await self._start_rows(found.with_row)
            attempts += more + await self._start_plain(found.plain)
            await _forget(ended)
        return attempts

    async def _start_rows(self, leases: Sequence[Lease]) -> tuple[list[Attempt], list[Lease]]:
        """Also answers the leases of jobs that have no row, or have ended."""
        if not leases:
            return [], []
        before = min(lease.over_at for lease in leases)
        try:
            started = await self._store(
                start, [lease.job_id for lease in leases], self.worker_id, before=before
            )
        except LeaseOver:
            logger.warning("%d claimed jobs could not be started in time; their leases ran out.", len(leases))
            return [], []
        rows = {job.broker_id: job for job in started.jobs}
        put_off = {each.job.broker_id: each for each in started.put_off}
        attempts = [
            self._launch(self._attempt(rows[lease.job_id], lease)) for lease in leases if lease.job_id in rows
        ]
        waits = [(put_off[lease.job_id], lease) for lease in leases if lease.job_id in put_off]
        await push(waiting_on(each.job, each.pause, lease.token) for each, lease in waits)
        await publish(started.events)
        return attempts, [lease for lease in leases if lease.job_id not in rows.keys() | put_off.keys()]

    def _attempt(self, job: JobRow, lease: Lease) -> Attempt:
        attempt = Attempt(job=job, lease=lease)
        attempt.task, attempt.record = find_task(job.task_path), self._outbox.record
        attempt.voice = Voice(job, self._outbox.telling)
        return attempt

    async def _start_plain(self, calls: Sequence[tuple[Lease, Call]]) -> list[Attempt]:
        return [self._launch(attempt) for attempt in await self._plain.attempts(calls)] if calls else []

    def _launch(self, attempt: Attempt) -> Attempt:
        job_id = attempt.lease.job_id
        if older := self.attempts.get(job_id):
            # Its lease ran out here, unnoticed until now: this process was stopped, or Redis was away.
            older.end(Fate.LOST)
        self.attempts[job_id] = attempt
        self._running.add(attempt)
        self._in_hand.add(attempt)
        attempt.running = asyncio.create_task(self._run(attempt), name=f"job {job_id}")
        attempt.running.add_done_callback(partial(self._free, attempt))
        return attempt

    async def _run(self, attempt: Attempt) -> None:
        """The life of an attempt, in order."""
        outcome = await self._executor.perform(attempt)
        attempt.voice.close()
        if outcome is None:
            return
        attempt.has_outcome = True
        self._leave_slot(attempt)
        recorded = await attempt.record(attempt, outcome)
        attempt.will_run_again = recorded and not attempt.job.status.is_ended
        if not recorded:
            logger.warning(
                "Job %s was taken over by another worker; this attempt is not recorded.", attempt.job.id
            )
        elif attempt.job.status.is_ended and (
            attempt.job.status == Status.FAILED or signals.are_heard(task_finished)
        ):
            await signals.tell(task_finished, attempt.job)

    def _leave_slot(self, attempt: Attempt) -> None:
        self._running.discard(attempt)
        self.slot_freed.set()

    def _free(self, attempt: Attempt, running: "asyncio.Task[None]") -> None:
        self._leave_slot(attempt)
        self._in_hand.discard(attempt)
        if self.attempts.get(attempt.lease.job_id) is attempt:
            del self.attempts[attempt.lease.job_id]
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
        running = [attempt.running for attempt in self._in_hand if attempt.running]
        if running:
            await asyncio.wait(running, timeout=grace_seconds)
        for attempt in list(self._in_hand):
            attempt.end(Fate.HANDED_BACK)
        if unfinished := [task for task in running if not task.done()]:
            await asyncio.wait(unfinished, timeout=HAND_BACK_SECONDS)


async def _forget(leases: Sequence[Lease]) -> None:
    if leases:
        first = leases[0].job_id
        logger.warning("Redis forgets %d jobs that have ended or have no row: %s.", len(leases), first)
        await ack(Ack(lease) for lease in leases)
