"""This process' end of the channel layer: the groups that it has joined, and what rings for it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from channels.layers import get_channel_layer

from jobs.events.emit import PUBLISH_ERRORS

logger = logging.getLogger(__name__)

#: How long Redis may take to join or leave a group.
TIMEOUT_SECONDS = 1.0

#: Takes a message as jobs.events.emit sends them. Must be quick.
type Hear = Callable[[dict[str, Any]], None]


class Doorbell:
    """Lets watchers hear of events sooner than by tail checks; nothing breaks while Redis is away.

    Channels' own way for consumers, `new_channel()`, fails without Redis, subscribes each socket to a Redis channel
    that nobody writes to, and queues without a limit. So this hangs itself in the place of a queue into the layer,
    which must be a `RedisPubSubChannelLayer`.
    """

    def __init__(self, hear: Hear) -> None:
        self._layer: Any = get_channel_layer()
        self._channel = f"live.{uuid4().hex}"
        self._hear = hear
        self._layer.channels[self._channel] = self
        self._joined: set[str] = set()
        #: Groups that could not be joined yet.
        self._missing: set[str] = set()
        self._is_away = False
        self._turn = asyncio.Lock()

    def put_nowait(self, ring: bytes) -> None:
        """What the layer calls. An error here would stop it from hearing anything for a second."""
        try:
            self._hear(self._layer.deserialize(ring))
        except Exception:
            logger.exception("What was rung could not be heard; it is read from the log.")

    async def join(self, group: str) -> None:
        """If Redis is away, `join_missing` has to be called later."""
        self._missing.add(group)
        # The layer takes one after the other; who waits for its turn must not be taken for one whom Redis fails.
        async with self._turn:
            if not self._is_away:  # else each try may take its time
                await self._try_to_join(group)

    async def join_missing(self) -> None:
        """Tries again; what was sent to the groups meanwhile has to be read from the log."""
        for group in sorted(self._missing):
            async with self._turn:
                if not await self._try_to_join(group):
                    break

    async def _try_to_join(self, group: str) -> bool:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._layer.group_add(group, self._channel)
        except PUBLISH_ERRORS as error:
            if not self._is_away:
                logger.warning("Redis is away; watchers hear from the log instead: %r", error)
            self._is_away = True
            return False
        self._is_away = False
        if group not in self._missing:  # it was left in the meantime
            await self._discard(group)
        else:
            self._missing.discard(group)
            self._joined.add(group)
        return True

    async def leave(self, *groups: str) -> None:
        """Always leaves them in this process; if Redis is away, it goes on sending to nobody."""
        self._joined.difference_update(groups)
        self._missing.difference_update(groups)
        await self._discard(*groups)  # also one whose joining was broken off: the layer has it half

    async def _discard(self, *groups: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                # All at once: each leaves here before it asks Redis for anything.
                discards = [self._layer.group_discard(group, self._channel) for group in groups]
                await asyncio.gather(*discards, return_exceptions=True)

    async def close(self) -> None:
        self._layer.channels.pop(self._channel, None)
        await self.leave(*self._joined, *self._missing)
