"""`python -m benchmarks.events`: what events cost a worker when nobody watches: its CPU time, without that of SQL.

First one function call by the other, then a worker that works off a queue, beside one that tells nobody of anything.
"""

import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import django
import uvloop
from django.utils import timezone

from benchmarks.contender import Contender
from benchmarks.peers import handoff
from benchmarks.servers import Servers, running_servers
from benchmarks.session import session
from benchmarks.sizes import WHOLE
from benchmarks.valkey import run_valkey

if TYPE_CHECKING:
    from jobs.models.row import EventRow, JobRow

type Make = Callable[[int], list[EventRow]]

#: Events that are written at once: one by an idle worker, many by a busy one.
BATCHES = (1, 10, 100)
#: Of each size.
TIMES = 2_000
#: Of the busy worker: no-op jobs in each of the interleaved rounds, and what it says of each of them.
JOBS = 20_000
ROUNDS = 5
EVENTS_OF_A_JOB = 2


def main() -> None:
    calls()
    with running_servers() as servers:
        busy(servers)


def calls() -> None:
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


def busy(servers: Servers) -> None:
    """Prints what the difference between the two workers is for each event, in each round and in the middle."""
    ours = handoff.CONTENDERS[0]
    untold = replace(ours, worker=("-m", "benchmarks.untold_worker"))
    differences = []
    for number in range(ROUNDS):
        told, silent = cpu_of_a_job(ours, servers), cpu_of_a_job(untold, servers)
        differences.append((told - silent) / EVENTS_OF_A_JOB)
        print(f"round {number + 1}: {told:.0f} µs a job, {silent:.0f} if nothing is told")
    print(f"A busy worker: {median(differences):.1f} µs an event")


def cpu_of_a_job(contender: Contender, servers: Servers) -> float:
    """In microseconds, of a worker that works off a queue on PostgreSQL."""
    with session(contender, WHOLE, servers) as opened:
        opened.fill("add", JOBS)
        return opened.drain().cpu_seconds / JOBS * 1e6


async def costs(make: Make, size: int) -> tuple[float, float]:
    """Of one event: from what happened to the JSON that SQL takes, and of telling nobody."""
    from jobs.events.emit import publish
    from jobs.models.statement import as_json

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
