"""Loops that outlive whatever goes wrong in them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from jobs.broker.client import BROKER_ERRORS
from jobs.store import STORE_ERRORS
from jobs.worker.backoff import Backoff

#: After an error that nobody foresaw: long enough not to fill the log, short enough to go on in time.
SURPRISE_SECONDS = 1.0

logger = logging.getLogger(__name__)


async def forever(what: str, turn: Callable[[], Awaitable[None]], until: asyncio.Event | None = None) -> None:
    """Takes turns until cancelled or `until` is set. While Redis or the database is away it says so once and waits."""
    trouble = Backoff(what)
    while until is None or not until.is_set():
        try:
            await turn()
        except (*BROKER_ERRORS, *STORE_ERRORS) as error:
            await trouble.wait(error)
        except Exception:
            logger.exception("%s: an unforeseen error; going on.", what)
            await asyncio.sleep(SURPRISE_SECONDS)
        else:
            trouble.over()
