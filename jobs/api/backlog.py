"""How many jobs of an owner wait or run. Counting takes a query, so each process counts seldom and adds what it admits.

Far below the limit a count is good for a minute and a tenth of what is left; near it, for a second. Several processes
may thus together exceed the limit by a little.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from jobs.models import Job
from jobs.per_loop import PerLoop

#: A count is not repeated within this time…
FRESH_SECONDS = 1.0
#: … and never used for longer than this.
MAX_AGE_SECONDS = 60.0
#: The share of what was left that may be admitted without counting again.
TRUSTED_SHARE = 0.1
#: Owners whose counts one process remembers.
MAX_OWNERS = 10_000


@dataclass(slots=True)
class _Count:
    active: int
    at: float
    admitted: int = 0

    def is_good_for(self, count: int, limit: int) -> bool:
        age = time.monotonic() - self.at
        trusted = (limit - self.active) * TRUSTED_SHARE
        return age < FRESH_SECONDS or (age < MAX_AGE_SECONDS and self.admitted + count <= trusted)


@dataclass(slots=True)
class Backlog:
    _counts: dict[Any, _Count] = field(default_factory=dict)

    async def has_room(self, owner_id: Any, count: int, limit: int) -> bool:
        """Whether the owner may have so many jobs more; if so, they count from now on."""
        known = self._counts.get(owner_id)
        if known is None or not known.is_good_for(count, limit):
            known = await self._count(owner_id, limit)
        if known.active + known.admitted + count > limit:
            return False
        known.admitted += count
        return True

    async def _count(self, owner_id: Any, limit: int) -> _Count:
        at = time.monotonic()
        active = await Job.objects.filter(owner_id=owner_id, finished_at=None)[: limit + 1].acount()
        if len(self._counts) >= MAX_OWNERS:
            self._counts.clear()
        self._counts[owner_id] = _Count(active, at)
        return self._counts[owner_id]


#: The running loop's.
backlog = PerLoop(Backlog)
