"""How many jobs wait and run in each queue, as Redis knows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.leases import LEASE
from jobs.broker.scripts import Script

#: Running jobs of a queue are counted up to here: each costs a look, and Redis does nothing else meanwhile.
MAX_RUNNING = 5000

_count = Script("count")


@dataclass(frozen=True, slots=True)
class Counts:
    ready: int
    deferred: int
    running: int


async def count(queues: Iterable[str]) -> dict[str, Counts]:
    """By queue. What Redis has not been told yet, or forgot and the sweep has not pushed again, is not in it."""
    lease_ms = int(LEASE.total_seconds() * 1000)
    return {
        name: Counts(*await _count(redis(), [keys.queue(name)], [lease_ms, MAX_RUNNING])) for name in queues
    }
