"""Who is at it: of several that ask for the same at the same moment, one goes ahead and the others are told so.

Only to answer them at once. That nothing is done twice is for SQL to see to, also while Redis is away.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from jobs.broker import keys
from jobs.broker.client import BROKER_ERRORS, redis
from jobs.broker.scripts import Script

#: Whoever takes longer is not waited for any more; so long too until one that crashed is forgotten.
TERM = timedelta(seconds=15)

_resign = Script("resign")


@asynccontextmanager
async def alone(name: str) -> AsyncIterator[bool]:
    """Whether nobody else is at what has this name."""
    key, token = keys.alone(name), uuid4().hex
    try:
        is_alone = bool(await redis().set(key, token, nx=True, px=TERM))
    except BROKER_ERRORS:
        yield True
        return
    try:
        yield is_alone
    finally:
        if is_alone:
            with suppress(*BROKER_ERRORS):
                await _resign(redis(), [key], [token])
