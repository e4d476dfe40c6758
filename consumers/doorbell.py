"""One socket's end of the channel layer: the groups it has joined, and what rings for it."""

import asyncio
import contextlib
import logging
from typing import Any
from uuid import uuid4

from channels.layers import get_channel_layer

from jobs.broker.client import BROKER_ERRORS

logger = logging.getLogger(__name__)

#: Messages that may wait for a socket; a slower one reads the log instead.
MAX_WAITING = 256
#: How long Redis may take to join or leave a group.
TIMEOUT_SECONDS = 1.0
#: The message that stands for all those that were dropped; the consumer's method is `fell_behind`.
FELL_BEHIND = {"type": "fell.behind"}


class Rings(asyncio.Queue[bytes]):
    """At most MAX_WAITING messages. One more, and they all make way for a single empty one."""

    has_dropped = False

    def put_nowait(self, ring: bytes) -> None:
        if self.qsize() >= MAX_WAITING:
            self.has_dropped = True
            while not self.empty():
                self.get_nowait()
            ring = b""
        super().put_nowait(ring)


class Doorbell:
    """Lets a socket hear of events sooner than by its tail checks; nothing breaks while Redis is away.

    Channels' own way for consumers, `new_channel()`, fails without Redis, subscribes each socket to a Redis channel
    that nobody writes to, and queues without a limit. So this hangs a queue of its own into the layer, which must be a
    `RedisPubSubChannelLayer`.
    """

    def __init__(self) -> None:
        self._layer: Any = get_channel_layer()
        self._channel = f"live.{uuid4().hex}"
        self._rings = self._layer.channels[self._channel] = Rings()
        self._joined: set[str] = set()
        #: Groups that could not be joined yet.
        self._missing: set[str] = set()
        self._is_away = False

    async def next_ring(self) -> dict[str, Any]:
        """The next message, as jobs.events.emit sends them, or FELL_BEHIND."""
        ring = await self._rings.get()
        message: dict[str, Any] = self._layer.deserialize(ring) if ring else FELL_BEHIND
        return message

    async def join(self, group: str) -> None:
        """If Redis is away, `join_missing` has to be called later."""
        self._missing.add(group)
        if len(self._missing) == 1:  # else Redis is known to be away, and each try may take its time
            await self.join_missing()

    async def join_missing(self) -> set[str]:
        """The groups that could be joined only now; what was sent to them before has to be read from the log."""
        late = set()
        for group in sorted(self._missing):
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._layer.group_add(group, self._channel)
            except BROKER_ERRORS as error:
                if not self._is_away:
                    logger.warning("Redis is away; a socket reads the log instead: %r", error)
                self._is_away = True
                break
            self._is_away = False
            late.add(group)
            self._missing.discard(group)
            self._joined.add(group)
        return late

    async def leave(self, *groups: str) -> None:
        """Always leaves them in this process; if Redis is away, it goes on sending to nobody."""
        leaving = self._joined.intersection(groups)
        self._joined.difference_update(groups)
        self._missing.difference_update(groups)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                # All at once: each leaves here before it asks Redis for anything.
                discards = [self._layer.group_discard(group, self._channel) for group in leaving]
                await asyncio.gather(*discards, return_exceptions=True)

    async def close(self) -> None:
        self._layer.channels.pop(self._channel, None)
        await self.leave(*self._joined, *self._missing)
