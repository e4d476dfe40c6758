"""A thread of its own for SQL, so that nobody else's slow query holds up what the engine writes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections

from jobs.patience import patience

#: A statement of the engine takes milliseconds; one that is not answered in this time never will be.
PATIENCE_SECONDS = 10.0

#: What SQL raises when the database is away, failing over or locked: worth trying again.
STORE_ERRORS = (OperationalError, InterfaceError)


class StoreThread:
    """Calls functions that use Django's ORM, one after the other, on one connection."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def __call__[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self.thread, lambda: _on_live_connection(lambda: function(*args, **kwargs))
        )

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, connections.close_all)
        self.thread.shutdown()


def _on_live_connection[R](function: Callable[[], R]) -> R:
    try:
        with patience(PATIENCE_SECONDS):
            close_old_connections()
            return function()
    except STORE_ERRORS:
        # It may be broken; the next call opens a new one.
        connection.close()
        raise
