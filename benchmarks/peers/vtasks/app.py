"""django-vtasks: tasks and client."""

import asyncio
from typing import Any

import django

django.setup()

from django.tasks import task_backends  # noqa: E402
from django_vtasks import task  # noqa: E402

from benchmarks import beacon, client  # noqa: E402
from benchmarks.client import ARGUMENTS, NAP_SECONDS  # noqa: E402


@task
async def add(a: int, b: int) -> int:
    beacon.started()
    return a + b


@task
async def nap() -> int:
    beacon.started()
    await asyncio.sleep(NAP_SECONDS)
    return 1


@task
async def ping() -> int:
    beacon.ping()
    return 1


TASKS: dict[str, Any] = {"add": add, "nap": nap, "ping": ping}


class Client(client.Client):
    has_bulk = True
    has_results = False

    async def enqueue(self, job: str) -> Any:
        return await TASKS[job].aenqueue(*ARGUMENTS[job])

    async def enqueue_bulk(self, job: str, count: int) -> None:
        backend: Any = task_backends["default"]
        await backend.aenqueue_many([(TASKS[job], ARGUMENTS[job], {})] * count)
