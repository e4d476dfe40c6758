"""Paused queues, as claims see them: the next one after a change obeys it. The truth is in SQL."""

from collections.abc import Collection

from jobs.broker import keys
from jobs.broker.client import redis

# redis-py types these commands for its sync and async client alike: hence the ignores.

#: As many idle workers start at once on what has gathered in a queue; each job that is pushed wakes another.
MAX_WOKEN = 16
MAX_TOKENS = 64


async def pause(queue: str) -> None:
    """No worker claims from the queue any more; what runs goes on."""
    await redis().sadd(keys.PAUSED, keys.queue(queue))  # type: ignore[misc]


async def resume(queue: str) -> None:
    """Workers claim again; idle ones are woken."""
    async with redis().pipeline(transaction=True) as pipe:
        pipe.srem(keys.PAUSED, keys.queue(queue))
        pipe.lpush(keys.wake(queue), *["1"] * MAX_WOKEN)
        pipe.ltrim(keys.wake(queue), 0, MAX_TOKENS - 1)
        pipe.pexpire(keys.wake(queue), 60_000)
        await pipe.execute()


async def known() -> set[str]:
    """The keys of the queues that Redis takes for paused."""
    return {key.decode() for key in await redis().smembers(keys.PAUSED)}  # type: ignore[misc]


async def assert_paused(queues: Collection[str], known: set[str]) -> None:
    """Makes the set right, after Redis was wiped or away. `known` was read before `queues`, so that somebody's pause
    or resume in between is not undone."""
    wanted = {keys.queue(queue) for queue in queues}
    if missing := wanted - known:
        await redis().sadd(keys.PAUSED, *missing)  # type: ignore[misc]
    if gone := known - wanted:
        await redis().srem(keys.PAUSED, *gone)  # type: ignore[misc]
