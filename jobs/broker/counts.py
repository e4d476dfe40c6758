"""How many jobs wait and run in each queue, as Redis knows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.leases import LEASE
from jobs.broker.scripts import Script
from jobs.rules.milliseconds import in_ms

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
    return {
        name: Counts(*await _count(redis(), [keys.queue(name)], [in_ms(LEASE), MAX_RUNNING]))
        for name in queues
    }
