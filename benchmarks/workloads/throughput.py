"""Jobs that do nothing but return a sum: from the start of the first until the store says that all have ended."""

from benchmarks.session import Session


def measure(session: Session) -> dict[str, list[float]]:
    missing = session.sizes.jobs(session.contender) - session.waiting
    session.stop_worker()
    if missing > 0:
        session.fill("add", missing)
    drained = session.drain()
    return {
        "throughput": [drained.jobs / drained.seconds],
        "cpu_per_1000": [drained.cpu_seconds / drained.jobs * 1000],
        "megabytes": [drained.megabytes],
    }
