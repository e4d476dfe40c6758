"""Plain arq coroutines: no row and no events. Arguments, tries and result live in Redis, as with arq's own worker."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from arq.worker import Function
from arq.worker import Retry as ArqRetry
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobs.broker import calls
from jobs.broker.calls import Call
from jobs.broker.envelope import refusal
from jobs.broker.leases import Ack, Lease, ack
from jobs.broker.ready import Waiting, push
from jobs.conf import ALIAS
from jobs.errors import Retry
from jobs.lifecycle.finish import Outcome
from jobs.lifecycle.results import arq_result
from jobs.models.row import JobRow
from jobs.rules.milliseconds import unix_ms
from jobs.rules.retry import Backoff
from jobs.status import Status
from jobs.worker.attempt import Attempt
from jobs.worker.voice import Nobody, Voice

#: arq's own defaults.
MAX_TRIES = 5
TIMEOUT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainTask:
    """What running a function needs of a Task, with arq's rule: only `arq.Retry` brings another try."""

    func: Callable[..., Any]
    timeout: timedelta
    takes_context: bool = False
    is_async: bool = True
    is_streaming: bool = False
    executor: None = None
    soft_timeout: None = None
    redact: tuple[str, ...] = ()
    backoff: Backoff = "fixed"
    retry_on: tuple[type[BaseException], ...] = ()
    give_up_on: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Ended:
    attempt: Attempt
    outcome: Outcome
    recorded: "asyncio.Future[bool]"


class Plain:
    """Makes attempts of calls, and records what they came to: in Redis, in batches."""

    def __init__(
        self,
        worker_id: str,
        functions: Mapping[str, Function],
        ctx: Mapping[str, Any],
        settling: asyncio.Lock,
    ) -> None:
        self._worker_id = worker_id
        self._functions = functions
        self._ctx = ctx
        self._settling = settling
        self._ended: list[_Ended] = []
        self._has_ended = asyncio.Event()

    async def attempts(self, found: Sequence[tuple[Lease, Call]]) -> list[Attempt]:
        """Each call's next try, if it has one. A worker that was frozen since its claim may hold it no more."""
        found = [(lease, call) for lease, call in found if time.monotonic() < lease.over_at]
        tries = await calls.count_tries([lease.job_id for lease, _ in found])
        numbered = [
            (lease, call, max(number, call.t or 0))
            for (lease, call), number in zip(found, tries, strict=True)
        ]
        await ack(
            Ack(lease, self._refusal(lease, call))
            for lease, call, number in numbered
            if number > self._max_tries(call)
        )
        return [
            self._attempt(lease, call, number)
            for lease, call, number in numbered
            if number <= self._max_tries(call)
        ]

    def _max_tries(self, call: Call) -> int:
        return self._functions[call.f].max_tries or MAX_TRIES

    def _refusal(self, lease: Lease, call: Call) -> bytes:
        """Its workers were lost, maybe because of it: another must not be."""
        sentence = f"It has had {self._max_tries(call)} tries, and the worker of the last one was lost."
        return b"" if self._keeps_no_result(call.f) else refusal(lease.job_id, lease.queue, sentence)

    def _keeps_no_result(self, name: str) -> bool:
        return self._functions[name].keep_result_s == 0

    def _attempt(self, lease: Lease, call: Call, number: int) -> Attempt:
        function = self._functions[call.f]
        timeout = timedelta(seconds=function.timeout_s) if function.timeout_s else TIMEOUT
        job = _row(lease, call, number, self._max_tries(call), self._worker_id)
        attempt = Attempt(job=job, lease=lease)
        run = self._with_context(function, lease, call, number)
        attempt.task = PlainTask(func=run, timeout=timeout)  # type: ignore[assignment]
        attempt.record, attempt.voice = self.record, Voice(job, Nobody())
        return attempt

    def _with_context(self, function: Function, lease: Lease, call: Call, number: int) -> Callable[..., Any]:
        context = {
            **self._ctx,
            "job_id": lease.job_id,
            "job_try": number,
            "enqueue_time": datetime.fromtimestamp(call.et / 1000, UTC),
            "score": call.et,
        }

        async def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function.coroutine(context, *args, **kwargs)
            except ArqRetry as error:
                raise Retry(after=timedelta(milliseconds=error.defer_score or 0)) from error

        return run

    def record(self, attempt: Attempt, outcome: Outcome) -> "asyncio.Future[bool]":
        """Done when Redis has the outcome."""
        ended = _Ended(attempt, outcome, asyncio.get_running_loop().create_future())
        self._ended.append(ended)
        self._has_ended.set()
        return ended.recorded

    async def write(self) -> None:
        """All that have ended since the last time, once there are any. What Redis does not take is tried again."""
        await self._has_ended.wait()
        self._has_ended.clear()
        batch, self._ended = self._ended, []
        try:
            async with self._settling:
                await self._settle(batch)
        except BaseException:
            self._ended = batch + self._ended
            self._has_ended.set()
            raise
        for ended in batch:
            if not ended.recorded.done():
                ended.recorded.set_result(True)

    async def _settle(self, batch: Sequence[_Ended]) -> None:
        over = [ended for ended in batch if ended.outcome.status.is_ended]
        again = [ended for ended in batch if not ended.outcome.status.is_ended]
        for ended in batch:
            ended.attempt.is_settled = True
        await ack(Ack(ended.attempt.lease, self._result(ended)) for ended in over)
        if uncounted := [ended.attempt.lease.job_id for ended in again if not ended.outcome.counts]:
            await calls.uncount_tries(uncounted)
        await push(_waiting(ended) for ended in again)

    def _result(self, ended: _Ended) -> bytes:
        job, outcome = ended.attempt.job, ended.outcome
        job.status, job.return_value, job.finished_at = outcome.status, outcome.return_value, timezone.now()
        job.errors = [outcome.error] if outcome.error else []
        return b"" if self._keeps_no_result(job.task_path) else arq_result(job)


def _waiting(ended: _Ended) -> Waiting:
    """In its queue again, as its client put it there."""
    job = ended.attempt.job
    call = Call(f=job.task_path, a=job.args, k=job.kwargs, et=unix_ms(job.enqueued_at))
    return calls.waiting(ended.attempt.lease, call, ended.outcome.pause)


def _row(lease: Lease, call: Call, number: int, max_tries: int, worker_id: str) -> JobRow:
    """What an attempt needs to know of its job; it is stored nowhere."""
    now = timezone.now()
    return JobRow(
        id=uuid7(),
        task_path=call.f,
        queue_name=lease.queue,
        priority=0,
        backend=ALIAS,
        args=call.a,
        kwargs=call.k,
        owner_id=None,
        status=Status.RUNNING,
        seq=0,
        attempt=number,
        max_attempts=max_tries,
        starts=number,
        timeout_seconds=None,
        deadline_at=None,
        unique_key="",
        secrets="",
        arq_id=lease.job_id,
        enqueued_at=datetime.fromtimestamp(call.et / 1000, UTC),
        run_after=None,
        started_at=now,
        last_attempted_at=now,
        workers=f"{worker_id}\n",
        errors=[],
    )
