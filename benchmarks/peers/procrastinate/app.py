"""procrastinate: tasks and client. Its connector finds the database by libpq's own PG… variables."""

import asyncio
from typing import Any

import uvloop
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status

from benchmarks import beacon, client
from benchmarks.client import ASK_SECONDS, NAP_SECONDS

app = App(connector=PsycopgConnector(max_size=20))
ARGUMENTS: dict[str, dict[str, int]] = {"add": {"a": 1, "b": 2}, "nap": {}, "ping": {}}


@app.task
async def add(a: int, b: int) -> int:
    beacon.started()
    return a + b


@app.task
async def nap() -> int:
    beacon.started()
    await asyncio.sleep(NAP_SECONDS)
    return 1


@app.task
async def ping() -> int:
    beacon.ping()
    return 1


TASKS: dict[str, Any] = {"add": add, "nap": nap, "ping": ping}


class Client(client.Client):
    """It stores no results; the round trip ends when it is known that the job succeeded."""

    has_bulk = True

    async def open(self) -> None:
        await app.open_async()

    async def close(self) -> None:
        await app.close_async()

    async def enqueue(self, job: str) -> int:
        job_id: int = await TASKS[job].defer_async(**ARGUMENTS[job])
        return job_id

    async def enqueue_bulk(self, job: str, count: int) -> None:
        await TASKS[job].batch_defer_async(*[ARGUMENTS[job]] * count)

    async def result(self, handle: int) -> Any:
        while await app.job_manager.get_job_status_async(handle) != Status.SUCCEEDED:  # noqa: ASYNC110
            await asyncio.sleep(ASK_SECONDS)


uvloop.install()
