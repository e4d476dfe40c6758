"""What is measured. Each `measure` answers samples by metric (metrics.py says what those are)."""

from collections.abc import Callable

from benchmarks.contender import Contender
from benchmarks.servers import Servers
from benchmarks.session import Session
from benchmarks.sizes import Sizes
from benchmarks.workloads import backlog, enqueue, idle, pickup, round_trip, sleeps, soak, throughput

type Samples = dict[str, list[float]]

#: Measured in each round, one after the other in one session: the order saves starts and fillings.
IN_ROUNDS: dict[str, Callable[[Session], Samples]] = {
    "enqueue": enqueue.measure,
    "throughput": throughput.measure,
    "pickup": pickup.measure,
    "round_trip": round_trip.measure,
    "sleeps": sleeps.measure,
}
#: Measured once, in sessions of their own.
ONCE: dict[str, Callable[[Contender, Sizes, Servers], Samples]] = {
    "idle": idle.measure,
    "backlog": backlog.measure,
    "soak": soak.measure,
}
