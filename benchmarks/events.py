"""`python -m benchmarks.events`: what events cost a worker when nobody watches: its CPU time, without that of SQL."""

import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import django
import uvloop
from django.utils import timezone

from benchmarks.valkey import run_valkey

if TYPE_CHECKING:
    from jobs.models.row import EventRow, JobRow

type Make = Callable[[int], list[EventRow]]

#: Events that are written at once: one by an idle worker, many by a busy one.
BATCHES = (1, 10, 100)
#: Of each size.
TIMES = 2_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, run_valkey(Path(folder)) as (_, url):
        os.environ |= {"REDIS_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings"}
        django.setup()
        uvloop.run(measure())


async def measure() -> None:
    print("| CPU an event, µs | written at once | made | published | both |\n|---|--:|--:|--:|--:|")
    kinds: dict[str, Make] = {"chunks of one job": chunks, "ends of as many jobs": ends}
    for name, make in kinds.items():
        for size in BATCHES:
            made, published = await costs(make, size)
            print(f"| {name} | {size} | {made:.1f} | {published:.1f} | {made + published:.1f} |")


async def costs(make: Make, size: int) -> tuple[float, float]:
    """Of one event: from what happened to the JSON that SQL takes, and of telling nobody."""
    from jobs.events.emit import publish
    from jobs.lifecycle.statement import as_json

    events = make(size)
    await publish(events)  # connects

    async def made() -> None:
        as_json(make(size))

    async def published() -> None:
        await publish(events)

    return await cost(made) / size, await cost(published) / size


async def cost(action: Callable[[], Awaitable[None]]) -> float:
    """Of one call, in this process."""
    began = time.process_time()
    for _ in range(TIMES):
        await action()
    return (time.process_time() - began) / TIMES * 1e6


def chunks(number: int) -> "list[EventRow]":
    """As a streaming task's values become events."""
    from jobs.broker.leases import Lease
    from jobs.lifecycle.tell import Said, numbered
    from jobs.worker.attempt import Attempt
    from jobs.worker.stream import Chunks
    from jobs.worker.voice import Nobody, Voice, Written

    class Collects(Nobody):
        def say(self, event: Said, written: Written) -> None:
            said.append(event)

    said: list[Said] = []
    attempt = Attempt(job=jobs_of(1)[0], lease=Lease("", "", ""))
    attempt.voice = Voice(attempt.job, Collects())
    values = Chunks(attempt)
    for _ in range(number):
        values.add("word ")
    return list(numbered(said, number))


def ends(number: int) -> "list[EventRow]":
    from jobs.lifecycle.transition import status_event

    now = timezone.now()
    return [status_event(each, now=now) for each in jobs_of(number)]


_jobs: "list[JobRow]" = []


def jobs_of(number: int) -> "list[JobRow]":
    """The same ones each time, as making them is not measured."""
    while len(_jobs) < number:
        _jobs.append(job())
    return _jobs[:number]


def job() -> "JobRow":
    from jobs.lifecycle.enqueue import new_job
    from jobs.status import Status
    from jobs.task import Task
    from jobs.tasks.text import stream

    assert isinstance(stream, Task)
    made = new_job(stream, ["a text"], {})
    made.status, made.owner_id = Status.SUCCESSFUL, 7
    return made


if __name__ == "__main__":
    main()
