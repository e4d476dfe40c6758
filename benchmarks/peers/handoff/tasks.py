"""The three jobs as tasks."""

import asyncio

from django.tasks import task

from benchmarks import beacon
from benchmarks.client import NAP_SECONDS


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
