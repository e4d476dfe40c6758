"""A thread of its own for SQL, so that nobody else's slow query holds up what the engine writes."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import InterfaceError, OperationalError, connection, connections

from jobs.patience import patience

#: A statement of the engine takes milliseconds; one that is not answered in this time never will be.
PATIENCE_SECONDS = 10.0

#: A connection that was not used for so long is asked whether it still answers.
TRUSTED_SECONDS = 5.0

#: What fails sooner found a connection that had been dropped; what takes longer was not answered.
AT_ONCE_SECONDS = 1.0

#: What SQL raises when the database is away, failing over or locked: worth trying again.
STORE_ERRORS = (OperationalError, InterfaceError)


class StoreThread:
    """Calls functions that use Django's ORM, one after the other, on one connection. Or as many at a time as it is
    given threads, each of which has a connection."""

    def __init__(self, threads: int = 1) -> None:
        self.thread = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._in_thread = threading.local()

    async def __call__[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.thread, lambda: self._call(lambda: function(*args, **kwargs)))

    def _call[R](self, function: Callable[[], R]) -> R:
        """On its connection, which is kept from call to call."""
        try:
            with patience(PATIENCE_SECONDS):
                if time.monotonic() - getattr(self._in_thread, "last_used_at", 0.0) > TRUSTED_SECONDS:
                    _close_unless_usable()
                return function()
        except STORE_ERRORS:
            # It may be broken; the next call opens a new one.
            connection.close()
            raise
        finally:
            self._in_thread.last_used_at = time.monotonic()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, connections.close_all)
        self.thread.shutdown()


class ReadThread(StoreThread):
    """For functions that only read: one whose connection was dropped since the last call is called once more."""

    def _call[R](self, function: Callable[[], R]) -> R:
        is_kept, began = connection.connection is not None, time.monotonic()
        try:
            return super()._call(function)
        except STORE_ERRORS:
            # Asking again what was not answered would only give the database more to do.
            if not is_kept or time.monotonic() - began > AT_ONCE_SECONDS:
                raise
        return super()._call(function)


def _close_unless_usable() -> None:
    """A server, or something on the way to it, may have dropped a connection that nobody used for a while."""
    if connection.connection is not None and not connection.is_usable():
        connection.close()
