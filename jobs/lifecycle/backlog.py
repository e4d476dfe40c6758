"""How many jobs of an owner wait or run. Counting takes a query, so each process counts seldom and adds what it admits.

Far below the limit a count is good for a minute and a tenth of what is left; near it, for a second. Several processes
may thus together exceed the limit by a little.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
class _Known:
    """Of one owner."""

    #: How many waited or ran when they were counted, and when that was (monotonic seconds).
    active: int = 0
    at: float = float("-inf")
    #: Those admitted since, and those that were being stored meanwhile, which the count may have missed.
    admitted: int = 0
    #: Those of them that are not stored yet.
    storing: int = 0
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_good_for(self, count: int, limit: int) -> bool:
        age = time.monotonic() - self.at
        trusted = (limit - self.active) * TRUSTED_SHARE
        return age < FRESH_SECONDS or (age < MAX_AGE_SECONDS and self.admitted + count <= trusted)


@dataclass(slots=True)
class Backlog:
    _owners: dict[Any, _Known] = field(default_factory=dict)

    @asynccontextmanager
    async def room(self, owner_id: Any, count: int, limit: int) -> AsyncIterator[bool]:
        """Whether the owner may have so many jobs more; if so, they count from now on, and are stored within."""
        known = await self._known(owner_id, count, limit)
        if known.active + known.admitted + count > limit:
            yield False
            return
        known.admitted += count
        known.storing += count
        try:
            yield True
        finally:
            known.storing -= count

    async def _known(self, owner_id: Any, count: int, limit: int) -> _Known:
        known = self._owners.get(owner_id) or self._remember(owner_id)
        if not known.is_good_for(count, limit):
            async with known.counting:
                if not known.is_good_for(count, limit):  # somebody else has counted meanwhile
                    await self._count(owner_id, known, limit)
        return known

    def _remember(self, owner_id: Any) -> _Known:
        if len(self._owners) >= MAX_OWNERS:
            self._owners = {id_: one for id_, one in self._owners.items() if one.storing}
        return self._owners.setdefault(owner_id, _Known())

    async def _count(self, owner_id: Any, known: _Known, limit: int) -> None:
        before, storing = known.admitted, known.storing
        known.active = await Job.objects.filter(owner_id=owner_id, finished_at=None)[: limit + 1].acount()
        known.at = time.monotonic()
        known.admitted += storing - before


#: The running loop's.
backlog = PerLoop(Backlog)
