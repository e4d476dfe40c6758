"""Server-sent events, as Handoff writes them: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

MEDIA_TYPE = "text/event-stream"
#: The server says something at least so often.
HEARTBEAT_SECONDS = 15.0


async def messages(chunks: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """The JSON of each message; None for a heartbeat.

    Not by httpx's lines: these also end at U+2028 and others, which JSON may hold as they are.
    """
    rest = b""
    async for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            fields = dict(line.partition(b": ")[::2] for line in block.split(b"\n"))
            if b"data" in fields:
                yield msgspec.json.decode(fields[b"data"])
            elif block.startswith(b":"):
                yield None
