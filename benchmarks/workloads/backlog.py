"""The cost of a job while many others wait: the rate of the first jobs out of a queue of each size."""

from benchmarks.beacon import COUNT_STEP
from benchmarks.contender import Contender
from benchmarks.servers import Servers
from benchmarks.session import Session, session
from benchmarks.sizes import Sizes

#: Out of each queue runs this part of the contender's usual number of jobs.
SHARE_RUN = 0.1


def measure(contender: Contender, sizes: Sizes, servers: Servers) -> dict[str, list[float]]:
    samples = {}
    for size in sizes.backlogs(contender):
        with session(contender, sizes, servers) as fresh:
            samples[f"backlog_{size}"] = [rate_behind(size, fresh)]
    return samples


def rate_behind(size: int, fresh: Session) -> float:
    """Jobs a second that a worker starts while `size` others wait."""
    fresh.fill("add", size + jobs_to_run(fresh))
    fresh.start_worker()
    return rate_of_first(fresh)


def rate_of_first(running: Session) -> float:
    """The same, of a worker that was just started."""
    run = jobs_to_run(running)
    started_ns = running.listener.start_of(1)
    return (run - 1) / ((running.listener.start_of(run) - started_ns) / 1e9)


def jobs_to_run(running: Session) -> int:
    """A number of starts that a beacon tells of."""
    steps = round(running.sizes.jobs(running.contender) * SHARE_RUN / COUNT_STEP)
    return max(1, steps) * COUNT_STEP
