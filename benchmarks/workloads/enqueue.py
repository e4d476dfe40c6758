"""How fast jobs are accepted while no worker runs: one after the other, by 100 callers at once, and in bulk."""

from benchmarks.client import CALLERS
from benchmarks.session import Session

#: Jobs of the first two ways; the third has all that the throughput workload needs.
MOST_SINGLE = 1_000
MOST_CONCURRENT = 4_000


def measure(session: Session) -> dict[str, list[float]]:
    jobs = session.sizes.jobs(session.contender)
    single = min(MOST_SINGLE, jobs // 4)
    concurrent = min(MOST_CONCURRENT, jobs // 4)
    bulk = jobs - single - concurrent
    session.stop_worker()
    for way in ("single", "concurrent"):  # connections are open after these
        session.enqueue(way, "add", CALLERS)
    samples = {
        "enqueue_single": [single / session.enqueue("single", "add", single)],
        "enqueue_concurrent": [concurrent / session.enqueue("concurrent", "add", concurrent)],
    }
    if session.enqueuer.has_bulk:
        samples["enqueue_bulk"] = [bulk / session.enqueue("bulk", "add", bulk)]
    return samples
