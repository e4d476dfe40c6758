"""The client: `django.tasks`, as a view would use it."""

import asyncio
from typing import Any

import django

django.setup()

from django.tasks import TaskResult  # noqa: E402

from benchmarks import client  # noqa: E402
from benchmarks.client import ARGUMENTS, ASK_SECONDS  # noqa: E402
from benchmarks.peers.handoff import tasks  # noqa: E402

TASKS: dict[str, Any] = {"add": tasks.add, "nap": tasks.nap, "ping": tasks.ping}
BY_NAME = {"add": {"a": 1, "b": 2}, "nap": {}, "ping": {}}


class Client(client.Client):
    has_bulk = True

    async def enqueue(self, job: str) -> "TaskResult[Any, Any]":
        result: TaskResult[Any, Any] = await TASKS[job].aenqueue(*ARGUMENTS[job])
        return result

    async def enqueue_bulk(self, job: str, count: int) -> None:
        if not hasattr(TASKS[job], "aenqueue_many"):
            await self.enqueue_concurrently(job, count)
            return
        await TASKS[job].aenqueue_many(BY_NAME[job] for _ in range(count))

    async def result(self, handle: "TaskResult[Any, Any]") -> Any:
        while not handle.is_finished:
            await asyncio.sleep(ASK_SECONDS)
            await handle.arefresh()
        return handle.return_value
