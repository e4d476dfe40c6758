"""The threads in which sync functions run. One that overruns can't be stopped, but it is counted."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import connections


class Threads:
    """Room for `slots` running functions, and for as many that overran."""

    def __init__(self, slots: int) -> None:
        self._pool = ThreadPoolExecutor(slots * 2, thread_name_prefix="task")
        self._abandoned: set[Future[Any]] = set()

    @property
    def overrunning(self) -> int:
        """Threads that nobody waits for any more, and that still run."""
        return len(self._abandoned)

    async def call[R](self, function: Callable[[], R]) -> R:
        """Runs the function in a thread; when cancelled, the thread goes on and is counted until it ends."""
        # A copy of the context carries trace and locale over to the thread.
        future = self._pool.submit(contextvars.copy_context().run, partial(_call, function))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.done():
                self._abandoned.add(future)
                future.add_done_callback(self._abandoned.discard)
            raise

    def close(self) -> None:
        """Waits for none of them."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _call[R](function: Callable[[], R]) -> R:
    """With database connections of its own, which are closed at the end."""
    try:
        return function()
    finally:
        connections.close_all()
