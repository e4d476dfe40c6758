"""huey: tasks and client."""

import os
import time
from typing import Any

from huey import RedisHuey
from huey.api import Result

from benchmarks import beacon, client
from benchmarks.client import ARGUMENTS, NAP_SECONDS

# Its own way to be told of a result, instead of asking for it.
huey = RedisHuey("bench", url=os.environ["REDIS_URL"], notify_result=True)


@huey.task()
def add(a: int, b: int) -> int:
    beacon.started()
    return a + b


@huey.task()
def nap() -> int:
    beacon.started()
    time.sleep(NAP_SECONDS)
    return 1


@huey.task()
def ping() -> int:
    beacon.ping()
    return 1


TASKS: dict[str, Any] = {"add": add, "nap": nap, "ping": ping}


class Client(client.BlockingClient):
    def enqueue_now(self, job: str) -> Result:
        return TASKS[job](*ARGUMENTS[job])

    async def result(self, handle: Result) -> Any:
        return handle.get(blocking=True, preserve=True)  # kept, as stored results are counted
