"""What the web process opens at its start and closes at its end."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from channels.layers import channel_layers
from django.conf import settings
from django.db import connections

from jobs.broker import client


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """The ASGI lifespan protocol."""
    await receive()
    keep_bodies_beside_files()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await client.close()
    await channel_layers["default"].flush()
    connections.close_all()
    await send({"type": "lifespan.shutdown.complete"})


def keep_bodies_beside_files() -> None:
    """Django spools a body into the process's temporary folder: /tmp may lie in memory, or be too small for it.

    FILE_UPLOAD_TEMP_DIR would not do: it is for what has been parsed.
    """
    incoming = Path(settings.MEDIA_ROOT) / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(incoming)
