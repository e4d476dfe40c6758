"""Lua scripts: each is one atomic step on a queue.

A queue is one sorted set, arq's. Its score says where a job stands:

- score < 0: ready. The lower the earlier it starts: the time it became due, less a credit for its priority.
- score ≥ 0: not before that instant (Unix time, ms): deferred, or leased until then. A lease that is not renewed
  thus becomes due by itself, and a running job never stands in the way of a ready one. Jobs that a stock arq client
  enqueued come with such a score too.

Stock arq reads the same set by "score ≤ now" and finds what it expects.
"""

from pathlib import Path
from typing import Any

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.commands.core import Script as SyncScript

_HERE = Path(__file__).parent
#: Shared by all scripts: the clock, and how a score is made.
_COMMON = (_HERE / "common.lua").read_text()


class Script:
    """A script by name; called with keys and arguments, it answers what Lua returned."""

    def __init__(self, name: str) -> None:
        self.source = f"{_COMMON}\n{(_HERE / f'{name}.lua').read_text()}"

    async def __call__(self, redis: Redis, keys: list[str], args: list[Any]) -> Any:
        return await AsyncScript(redis, self.source)(keys=keys, args=args, client=redis)

    def sync(self, redis: SyncRedis, keys: list[str], args: list[Any]) -> Any:
        """The same from a thread, on a client of its own."""
        return SyncScript(redis, self.source)(keys=keys, args=args, client=redis)
