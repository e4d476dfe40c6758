"""Celery: tasks and client, Redis as broker and for results."""

import os
import time
from typing import Any

from celery import Celery
from celery.result import AsyncResult

from benchmarks import beacon, client
from benchmarks.client import ARGUMENTS, NAP_SECONDS

URL = os.environ["REDIS_URL"]
app = Celery("bench", broker=f"{URL}/0", backend=f"{URL}/1")


@app.task
def add(a: int, b: int) -> int:
    beacon.started()
    return a + b


@app.task
def nap() -> int:
    beacon.started()
    time.sleep(NAP_SECONDS)
    return 1


@app.task
def ping() -> int:
    beacon.ping()
    return 1


TASKS: dict[str, Any] = {"add": add, "nap": nap, "ping": ping}


class Client(client.BlockingClient):
    def enqueue_now(self, job: str) -> AsyncResult:
        return TASKS[job].apply_async(ARGUMENTS[job])

    async def result(self, handle: AsyncResult) -> Any:
        return handle.get()
