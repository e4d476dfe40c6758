"""The engine's verbs as plain calls, for a machine that takes them in any order: with steps.py, all that names them."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.broker import client, keys
from jobs.broker.leases import Ack, Lease, ack, renew
from jobs.broker.ready import push
from jobs.lifecycle.announce import waiting, waiting_on
from jobs.lifecycle.cancel import cancel
from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from jobs.store import StoreThread
from jobs.worker.sweeper import Sweeper
from tests.claims import claim
from tests.sample_tasks import add

QUEUE = "default"
#: Between two pushes, so that the order of their jobs is no matter of luck.
TICK_SECONDS = 0.002
#: What a task may come to, as the retry rule says it.
OUTCOMES: dict[str, Outcome] = {
    "success": Outcome(status=Status.SUCCESSFUL),
    "failure": Outcome(status=Status.FAILED, error={"exception_class_path": "tests.Failure"}),
    "retry": Outcome(status=Status.DEFERRED, error={"exception_class_path": "tests.Failure"}),
    "snooze": Outcome(status=Status.DEFERRED, counts=False),
    "handed back": Outcome(status=Status.READY, counts=False),
}


@dataclass(eq=False, slots=True)
class Attempt:
    """A started job, and the lease it runs under."""

    job: Any
    lease: Lease
    #: Set when it is recorded.
    outcome: Outcome | None = None

    @property
    def job_id(self) -> str:
        return str(self.job.id)

    @property
    def starts(self) -> int:
        starts: int = self.job.starts
        return starts


class Verbs:
    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._store = StoreThread()
        self._sweeper = Sweeper("sweeper", self._store)
        self._now = 0.0

    def close(self) -> None:
        self._run(self._store.close())
        self._run(client.close())
        self._runner.close()

    def empty(self) -> None:
        Job.objects.all().delete()
        self.wipe()

    def _run[R](self, call: Coroutine[Any, Any, R]) -> R:
        return self._runner.run(call)

    # Callers

    def enqueue(self, priority: int, run_after: datetime | None) -> str:
        time.sleep(TICK_SECONDS)
        result = add.using(priority=priority, run_after=run_after, max_attempts=10).enqueue(1)
        return str(result.id)

    def enqueue_and_roll_back(self) -> str:
        with transaction.atomic():
            job_id = self.enqueue(0, None)
            transaction.set_rollback(True)
        return job_id

    def cancel(self, job_id: str) -> bool:
        """Whether it was waiting and has ended by that."""
        return cancel(UUID(job_id)).status == Status.CANCELLED

    # Workers

    def claim(self, worker: str, slots: int) -> list[Lease]:
        return self._run(claim(QUEUE, worker, slots)).leases

    def start(self, leases: Sequence[Lease], worker: str) -> list[Attempt]:
        """What may start has started; Redis is told of the rest."""
        started = start([lease.job_id for lease in leases], worker)
        by_id = {lease.job_id: lease for lease in leases}
        attempts = [Attempt(job, by_id.pop(str(job.id))) for job in started.jobs]
        early = [
            waiting_on(each.job, each.pause, by_id.pop(str(each.job.id)).token) for each in started.put_off
        ]
        self._run(push(early))
        self._run(ack([Ack(lease) for lease in by_id.values()]))
        return attempts

    def finish(self, attempt: Attempt, kind: str) -> bool:
        """Whether it was recorded."""
        outcome = OUTCOMES[kind]
        if kind == "success":
            outcome = Outcome(status=Status.SUCCESSFUL, return_value=attempt.starts)
        attempt.outcome = outcome
        return bool(finish([(attempt.job, outcome)]))

    def settle(self, attempts: Sequence[Attempt]) -> None:
        """Tells Redis what has been recorded."""
        over = [attempt for attempt in attempts if attempt.outcome and attempt.outcome.status.is_ended]
        again = [attempt for attempt in attempts if attempt not in over]
        self._run(ack([Ack(attempt.lease) for attempt in over]))
        self._run(push([waiting(attempt.job, attempt.lease.token) for attempt in again]))
        time.sleep(TICK_SECONDS)

    def renew(self, leases: Sequence[Lease]) -> set[str]:
        """The jobs whose lease another worker has."""
        return self._run(renew(leases))

    # What befalls them

    def let_run_out(self, leases: Sequence[Lease]) -> None:
        """As if nobody had renewed them for 15 s."""
        self._run(self._let_run_out(leases))

    async def _let_run_out(self, leases: Sequence[Lease]) -> None:
        redis, theirs = client.redis(), []
        for lease in leases:
            if await redis.get(keys.IN_PROGRESS + lease.job_id) == lease.token.encode():
                await redis.delete(keys.IN_PROGRESS + lease.job_id)
                theirs.append(lease.job_id)
        await self._put_in_order(theirs)

    def let_all_run_out(self) -> None:
        self._run(self._let_all_run_out())

    async def _let_all_run_out(self) -> None:
        held = [key.decode() async for key in client.redis().scan_iter(f"{keys.IN_PROGRESS}*")]
        if held:
            await client.redis().delete(*held)
        await self._put_in_order(sorted(key.removeprefix(keys.IN_PROGRESS) for key in held))

    def make_due(self, by_both_clocks: bool) -> None:
        """What waits for its time; by Redis' clock alone, or by the store's too."""
        if by_both_clocks:
            Job.objects.filter(run_after__isnull=False).update(run_after=timezone.now())
        deferred = Job.objects.filter(status=Status.DEFERRED).order_by("id")
        self._run(self._put_in_order([str(job.id) for job in deferred]))

    async def _put_in_order(self, job_ids: Sequence[str]) -> None:
        now = int(time.time() * 1000)
        scores = {job_id: now - len(job_ids) + place for place, job_id in enumerate(job_ids)}
        if scores:
            await client.redis().zadd(keys.queue(QUEUE), scores, xx=True)

    def wipe(self) -> None:
        self._run(self._wipe())

    async def _wipe(self) -> None:
        await client.redis().flushall()

    def sweep(self, later: timedelta) -> None:
        """The leader's look at all jobs, so much later than the last one."""
        self._now += later.total_seconds()
        self._run(self._sweeper.sweep(now=self._now))
