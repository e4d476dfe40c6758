"""What the web process opens at its start and closes at its end."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import channel_layers
from django.db import connections

from jobs.broker import client


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """The ASGI lifespan protocol."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await client.close()
    await channel_layers["default"].flush()
    connections.close_all()
    await send({"type": "lifespan.shutdown.complete"})
