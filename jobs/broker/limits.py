"""Token buckets: how much somebody may do in a while. They are kept in Redis, on its clock, for all processes together.

While Redis is away each process keeps buckets of its own with the same numbers: the limit holds for each process
instead of for all of them, and is never gone.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.broker import keys
from jobs.broker.client import BROKER_ERRORS, redis
from jobs.broker.scripts import Script
from jobs.together import Call, Together

#: Redis is not waited for longer than this; and not asked again for so long after it failed.
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 1.0
#: Buckets of one process; of more than that the fullest, which remember least, are forgotten.
MAX_OWN = 10_000
#: Buckets that one call of the script may take from.
MAX_BATCH = 100

_take = Script("take")


@dataclass(frozen=True, slots=True)
class Bucket:
    """What flows in, and how much it can hold."""

    per_second: float
    size: int


@dataclass(frozen=True, slots=True)
class Taken:
    is_taken: bool
    #: What the bucket still holds.
    left: int
    #: Until so much could be taken; 0 if it was.
    retry_seconds: float
    #: Until the bucket is full.
    full_seconds: float


@dataclass(frozen=True, slots=True)
class _Wish:
    owner: object
    count: int
    bucket: Bucket


async def take(owner: object, count: int, bucket: Bucket) -> Taken:
    """Takes `count` out of the owner's bucket, or nothing."""
    return await _take_together(_Wish(owner, count, bucket))


async def _take_all(calls: list[Call[_Wish, Taken]]) -> None:
    for call, taken in zip(calls, await _taken([call.asked for call in calls]), strict=True):
        call.give(taken)


_take_together = Together(_take_all, most=MAX_BATCH)


async def _taken(wishes: list[_Wish]) -> list[Taken]:
    if not _own.is_in_charge():
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await _taken_in_redis(wishes)
        except BROKER_ERRORS:
            _own.take_charge()
    return [_own.take(wish.owner, wish.count, wish.bucket) for wish in wishes]


async def _taken_in_redis(wishes: list[_Wish]) -> list[Taken]:
    args = [part for wish in wishes for part in (wish.bucket.per_second, wish.bucket.size, wish.count)]
    answers = await _take(redis(), [keys.bucket(wish.owner) for wish in wishes], args)
    return [Taken(bool(taken), left, float(retry), float(full)) for taken, left, retry, full in answers]


@dataclass(slots=True)
class OwnBuckets:
    """The same in this process alone; see take.lua."""

    clock: Callable[[], float] = time.monotonic
    _full_at: dict[object, float] = field(default_factory=dict)
    _until: float = 0.0

    def is_in_charge(self) -> bool:
        return self._until > self.clock()

    def take_charge(self) -> None:
        """Redis has failed."""
        self._until = self.clock() + PAUSE_SECONDS

    def take(self, owner: object, count: int, bucket: Bucket) -> Taken:
        now = self.clock()
        full_at = max(self._full_at.get(owner, now), now)
        after = full_at + count / bucket.per_second
        if (early := after - bucket.size / bucket.per_second - now) > 0:
            left = int(bucket.size - (full_at - now) * bucket.per_second)
            return Taken(False, left, early, full_at - now)
        self._full_at[owner] = after
        if len(self._full_at) > MAX_OWN:
            self._forget()
        left = int(bucket.size - (after - now) * bucket.per_second + 1e-3)
        return Taken(True, left, 0.0, after - now)

    def _forget(self) -> None:
        """Half of them, so that this is seldom."""
        emptiest = sorted(self._full_at.items(), key=lambda item: -item[1])
        self._full_at = dict(emptiest[: MAX_OWN // 2])


_own = OwnBuckets()
