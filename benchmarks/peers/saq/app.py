"""SAQ: tasks, client, and the settings that its command line runs."""

import asyncio
import os
from typing import Any

import uvloop
from saq import Job, Queue

from benchmarks import beacon, client
from benchmarks.client import ASK_SECONDS, NAP_SECONDS
from benchmarks.contender import SLOTS

QUEUE = Queue.from_url(os.environ["REDIS_URL"])
ARGUMENTS: dict[str, dict[str, int]] = {"add": {"a": 1, "b": 2}, "nap": {}, "ping": {}}


async def add(_context: dict[str, Any], *, a: int, b: int) -> int:
    beacon.started()
    return a + b


async def nap(_context: dict[str, Any]) -> int:
    beacon.started()
    await asyncio.sleep(NAP_SECONDS)
    return 1


async def ping(_context: dict[str, Any]) -> int:
    beacon.ping()
    return 1


settings = {"queue": QUEUE, "functions": [add, nap, ping], "concurrency": SLOTS}


class Client(client.Client):
    async def open(self) -> None:
        await QUEUE.connect()

    async def close(self) -> None:
        await QUEUE.disconnect()

    async def enqueue(self, job: str) -> Job | None:
        return await QUEUE.enqueue(job, **ARGUMENTS[job])

    async def round_trip(self, job: str) -> Any:
        return await QUEUE.apply(job, poll_interval=ASK_SECONDS, **ARGUMENTS[job])


uvloop.install()
