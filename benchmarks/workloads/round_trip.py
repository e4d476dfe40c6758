"""From just before a job is enqueued until its caller knows how it ended, with an idle worker."""

from benchmarks.session import Session
from benchmarks.workloads.sampling import sample


def measure(session: Session) -> dict[str, list[float]]:
    if not session.enqueuer.has_results:
        return {}
    session.idle_worker()
    return {"round_trip": sample(session.round_trip, session.sizes)}
