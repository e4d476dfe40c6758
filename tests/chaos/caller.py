"""A process that enqueues until it is told to stop, and notes every answer. It may be refused, never deceived.

Arguments: the seed, calls a second, the longest that a job may work, and optionally the origin of a web process and
a token for its API.
"""

import asyncio
import os
import random
import signal
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import django
import httpx

django.setup()

from asgiref.sync import sync_to_async  # noqa: E402
from django.db import close_old_connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from jobs.errors import AlreadyEnded  # noqa: E402
from jobs.lifecycle.cancel import acancel  # noqa: E402
from jobs.patience import patience  # noqa: E402
from jobs.status import Status  # noqa: E402
from jobs.task import Task  # noqa: E402
from tests.chaos import tasks  # noqa: E402
from tests.chaos.notes import What, note  # noqa: E402

#: Tasks and how often each is called.
MIX: dict[Task, int] = {
    tasks.work: 50,
    tasks.work_in_thread: 12,
    tasks.tell: 8,
    tasks.fail_first: 8,
    tasks.fail: 4,
    tasks.snooze_first: 6,
    tasks.work_in_process: 1,
}
#: How long a job works: mostly next to nothing, sometimes past a lease.
SECONDS = (0.0, 0.05, 0.2, 1.0, 4.0, 18.0)
SECONDS_MIX = (40, 30, 20, 12, 6, 1)
#: What a web process may answer to a call that it can't take now.
NOT_NOW = {429, 502, 503, 504}
PATIENCE_SECONDS = 30.0
#: For an answer of the database, as a web process would have it: a thread that hangs keeps a connection.
DATABASE_SECONDS = 10.0
#: Of the awaited calls.
CANCELLED_SHARE = 0.1


class Caller:
    def __init__(self, rng: random.Random, longest: float, http: httpx.AsyncClient | None) -> None:
        self._rng = rng
        self._http = http
        self._longest = longest

    async def call(self) -> None:
        """One job, in one of the ways in which jobs are made."""
        task = self._rng.choices(list(MIX), list(MIX.values()))[0]
        seconds = min(self._longest, self._rng.choices(SECONDS, SECONDS_MIX)[0])
        if self._rng.random() < 0.1:
            task = task.using(run_after=timezone.now() + timedelta(seconds=self._rng.uniform(0, 3)))
        ways = [self._await_call, self._await_call, self._call_in_transaction, self._roll_back]
        way = self._rng.choice([*ways, self._post] if self._http else ways)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await way(task, seconds)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller knows that nothing was promised
            note(What.REFUSED, text=f"{type(error).__name__}: {error}"[:200])

    async def _await_call(self, task: Task, seconds: float) -> None:
        result = await task.aenqueue(seconds=seconds)
        note(What.ACCEPTED, job=result.id)
        if self._rng.random() < CANCELLED_SHARE:
            await self._cancel(result.id)

    async def _cancel(self, job_id: str) -> None:
        """What still waits has ended by that; what runs is asked to."""
        await asyncio.sleep(self._rng.uniform(0, 0.1))
        with suppress(AlreadyEnded):
            if (await acancel(UUID(job_id))).status == Status.CANCELLED:
                note(What.CANCELLED, job=job_id)

    async def _call_in_transaction(self, task: Task, seconds: float) -> None:
        note(What.ACCEPTED, job=await sync_to_async(_commit, thread_sensitive=False)(task, seconds))

    async def _roll_back(self, task: Task, seconds: float) -> None:
        note(What.ROLLED_BACK, job=await sync_to_async(_roll_back, thread_sensitive=False)(task, seconds))

    async def _post(self, task: Task, seconds: float) -> None:
        assert self._http is not None
        body = {"task": task.public_name, "args": {"seconds": seconds}}
        answer = await self._http.post("/api/v1/jobs", json=body)
        if answer.status_code not in NOT_NOW:
            note(What.ACCEPTED, job=answer.raise_for_status().json()["id"])
        else:
            note(What.REFUSED, text=f"HTTP {answer.status_code}")


def _commit(task: Task, seconds: float) -> str:
    try:
        with patience(DATABASE_SECONDS), transaction.atomic():
            job_id: str = task.enqueue(seconds=seconds).id
        return job_id
    finally:
        close_old_connections()


def _roll_back(task: Task, seconds: float) -> str:
    try:
        with patience(DATABASE_SECONDS), transaction.atomic():
            job_id: str = task.enqueue(seconds=seconds).id
            transaction.set_rollback(True)
        return job_id
    finally:
        close_old_connections()


async def main(seed: str, calls_a_second: str, longest: str, *web: str) -> None:
    """Calls go on one beside the other, as a call that hangs must not hold up the rest."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    http: Any = None
    if web:
        origin, token = web
        http = httpx.AsyncClient(
            base_url=origin, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS
        )
    rng = random.Random(seed)
    caller = Caller(rng, float(longest), http)
    calls: set[asyncio.Task[None]] = set()
    while not told.is_set():
        calls = {call for call in calls if not call.done()} | {asyncio.create_task(caller.call())}
        await asyncio.sleep(rng.expovariate(float(calls_a_second)))
    await asyncio.wait(calls)
    # A thread of which nothing is awaited any more may hang in a connection that fell silent.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
