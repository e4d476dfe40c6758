"""The threads in which sync functions run."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connections


class Threads:
    """Room for `slots` functions, and for what waits on their children. None of them can be stopped from outside."""

    def __init__(self, slots: int) -> None:
        self._pool = ThreadPoolExecutor(slots * 2, thread_name_prefix="task")

    async def call[R](self, function: Callable[[], R]) -> R:
        """Runs the function in a thread, with a copy of the context: that carries trace and locale over to it."""
        future = self._pool.submit(contextvars.copy_context().run, partial(_call, function))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Waits for none of them."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _call[R](function: Callable[[], R]) -> R:
    """With database connections of its own, which are closed at the end."""
    try:
        return function()
    finally:
        connections.close_all()
