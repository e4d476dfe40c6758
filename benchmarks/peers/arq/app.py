"""arq: tasks, client, and worker (as a module, since its command line knows neither uvloop nor quiet logs)."""

import asyncio
import os
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings
from arq.jobs import Job
from arq.worker import Worker

from benchmarks import beacon, client
from benchmarks.client import ARGUMENTS, NAP_SECONDS
from benchmarks.contender import SLOTS
from benchmarks.driver import loop_factory

#: How often its worker looks for jobs and its client for a result; arq's default is 0.5.
POLL_SECONDS = float(os.environ["ARQ_POLL_SECONDS"])
SETTINGS = RedisSettings.from_dsn(os.environ["REDIS_URL"])


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
        self.redis = await create_pool(SETTINGS)

    async def close(self) -> None:
        await self.redis.aclose()

    async def enqueue(self, job: str) -> Job | None:
        return await self.redis.enqueue_job(job, *ARGUMENTS[job])

    async def result(self, handle: Job) -> Any:
        return await handle.result(poll_delay=POLL_SECONDS)


async def work() -> None:
    functions: list[Any] = [add, nap, ping]
    worker = Worker(functions, redis_settings=SETTINGS, max_jobs=SLOTS, poll_delay=POLL_SECONDS)
    try:
        await worker.async_run()
    finally:
        await worker.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work())
