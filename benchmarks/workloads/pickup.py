"""How long an idle worker lets a job wait: from just before it is enqueued until the first line of its function."""

from benchmarks.session import Session
from benchmarks.workloads.sampling import sample


def measure(session: Session) -> dict[str, list[float]]:
    session.idle_worker()
    return {"pickup": sample(session.ping, session.sizes)}
