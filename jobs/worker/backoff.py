"""Waiting for something that is away: Redis or the database."""

import asyncio
import logging
import random
from collections.abc import Callable

from jobs.store import STORE_ERRORS, StoreThread

FIRST_SECONDS = 0.1
MAX_SECONDS = 3.0

logger = logging.getLogger(__name__)


class Backoff:
    """Says once that a thing can't be done, waits longer each time, and says once that it can again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._failures = 0

    async def wait(self, error: BaseException) -> None:
        await asyncio.sleep(self.pause(error))

    def pause(self, error: BaseException) -> float:
        """How long to wait this time, in seconds."""
        if self._failures == 0:
            logger.warning(
                "%s: Redis or the database is away; trying until it is back: %r", self._what, error
            )
        longest = min(MAX_SECONDS, FIRST_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        pause: float = longest * random.uniform(0.5, 1)
        return pause

    def over(self) -> None:
        if self._failures:
            logger.warning("%s: back after %d failures.", self._what, self._failures)
        self._failures = 0


async def until_stored[**P, R](
    store: StoreThread, trouble: Backoff, write: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Writes until the database takes it: nothing is dropped because SQL is away."""
    while True:
        try:
            written = await store(write, *args, **kwargs)
        except STORE_ERRORS as error:
            await trouble.wait(error)
        else:
            trouble.over()
            return written
