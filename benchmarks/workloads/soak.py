"""A million jobs through one worker: whether its memory grows, and the cost of a job with a million behind it."""

import time

from benchmarks import process
from benchmarks.contender import Contender
from benchmarks.servers import Servers
from benchmarks.session import Session, session
from benchmarks.sizes import Sizes
from benchmarks.workloads.backlog import rate_of_first


def measure(contender: Contender, sizes: Sizes, servers: Servers) -> dict[str, list[float]]:
    jobs = sizes.soak(contender)
    if not jobs:
        return {}
    with session(contender, sizes, servers) as opened:
        opened.fill("add", jobs)
        return run(opened, jobs)


def run(opened: Session, jobs: int) -> dict[str, list[float]]:
    """Memory is compared with what it was when the worker had just warmed up."""
    started = time.monotonic()
    opened.start_worker()
    rate = rate_of_first(opened)
    before = process.resident_megabytes(opened.worker_pid)
    opened.wait_until_none_left()
    return {
        f"backlog_{jobs}": [rate],
        "soak": [jobs / (time.monotonic() - started)],
        "soak_growth": [process.resident_megabytes(opened.worker_pid) - before],
    }
