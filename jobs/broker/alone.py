"""Who is at it: of several that ask for the same at the same moment, one goes ahead and the others are told so.

Only to answer them at once. That nothing is done twice is for SQL to see to, also while Redis is away.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from jobs.broker import keys
from jobs.broker.client import BROKER_ERRORS, redis
from jobs.broker.scripts import Script

#: Whoever takes longer is not waited for any more; so long too until one that crashed is forgotten.
TERM = timedelta(seconds=15)
#: Whoever has ended waits no longer for Redis.
RESIGN_SECONDS = 1.0

_resign = Script("resign")


@asynccontextmanager
async def alone(name: str) -> AsyncIterator[bool]:
    """Whether nobody else is at what has this name."""
    key, token, is_alone = keys.alone(name), uuid4().hex, True
    try:
        with suppress(*BROKER_ERRORS):
            # A command whose answer was lost is sent again, and then finds our own token.
            held_by = await redis().set(key, token, nx=True, get=True, px=TERM)
            is_alone = held_by in (None, token.encode())
        yield is_alone
    finally:
        # Also if no answer came, or the caller went away before it: the key may be there.
        if is_alone:
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(RESIGN_SECONDS):
                    await _resign(redis(), [key], [token])
