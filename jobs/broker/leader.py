"""One worker at a time leads: it does what must be done once, not once a worker."""

from datetime import timedelta

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.scripts import Script

#: A leader that is silent for so long is replaced.
TERM = timedelta(seconds=15)

_lead = Script("lead")


async def lead(worker_id: str) -> bool:
    """Takes or keeps the lead; False: another worker has it."""
    return bool(await _lead(redis(), [keys.LEADER], [worker_id, int(TERM.total_seconds() * 1000)]))
