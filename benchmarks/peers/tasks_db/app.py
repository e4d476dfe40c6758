"""django-tasks-db: tasks and client."""

import asyncio
import time
from typing import Any

import django

django.setup()

from django.tasks import TaskResult, task  # noqa: E402

from benchmarks import beacon, client  # noqa: E402
from benchmarks.client import ARGUMENTS, ASK_SECONDS, NAP_SECONDS  # noqa: E402


@task
def add(a: int, b: int) -> int:
    beacon.started()
    return a + b


@task
def nap() -> int:
    beacon.started()
    time.sleep(NAP_SECONDS)
    return 1


@task
def ping() -> int:
    beacon.ping()
    return 1


TASKS: dict[str, Any] = {"add": add, "nap": nap, "ping": ping}


class Client(client.Client):
    async def enqueue(self, job: str) -> "TaskResult[Any, Any]":
        result: TaskResult[Any, Any] = await TASKS[job].aenqueue(*ARGUMENTS[job])
        return result

    async def result(self, handle: "TaskResult[Any, Any]") -> Any:
        while not handle.is_finished:
            await asyncio.sleep(ASK_SECONDS)
            await handle.arefresh()
        return handle.return_value
