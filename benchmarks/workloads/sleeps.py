"""Jobs that wait for 10 ms, as most jobs wait for something: shows whether the slots are kept full."""

from benchmarks.session import Session


def measure(session: Session) -> dict[str, list[float]]:
    session.stop_worker()
    session.fill("nap", session.sizes.naps(session.contender))
    drained = session.drain()
    return {"sleeps": [drained.jobs / drained.seconds]}
