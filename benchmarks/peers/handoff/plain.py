"""Plain arq coroutines: enqueued by arq's own client, run by our worker without a row."""

import asyncio
import os
from typing import Any

import arq
import django
import uvloop
from arq.connections import RedisSettings
from arq.jobs import Job

django.setup()

from benchmarks import beacon, client  # noqa: E402
from benchmarks.client import ARGUMENTS, ASK_SECONDS, NAP_SECONDS  # noqa: E402
from benchmarks.contender import SLOTS  # noqa: E402
from jobs.broker.envelope import dumps, loads  # noqa: E402
from jobs.worker.loop import run  # noqa: E402


async def add(_context: dict[Any, Any], a: int, b: int) -> int:
    beacon.started()
    return a + b


async def nap(_context: dict[Any, Any]) -> int:
    beacon.started()
    await asyncio.sleep(NAP_SECONDS)
    return 1


async def ping(_context: dict[Any, Any]) -> int:
    beacon.ping()
    return 1


class Client(client.Client):
    async def open(self) -> None:
        settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
        self.redis = await arq.create_pool(settings, job_serializer=dumps, job_deserializer=loads)

    async def close(self) -> None:
        await self.redis.aclose()

    async def enqueue(self, job: str) -> Job | None:
        return await self.redis.enqueue_job(job, *ARGUMENTS[job])

    async def result(self, handle: Job) -> Any:
        return await handle.result(poll_delay=ASK_SECONDS)


if __name__ == "__main__":
    uvloop.run(run(functions=[add, nap, ping], max_jobs=SLOTS))
