"""A coroutine that can be interrupted, where it awaits, by an error other than CancelledError."""

import asyncio
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


class Steered:
    """Await it in place of the coroutine.

    asyncio can throw nothing but CancelledError into a task. This cancels the task and, on the way in, puts the error
    in CancelledError's place: to the coroutine it looks as if what it awaits had raised it. It may catch it and go on,
    and time limits and task groups of its own treat it as any error.
    """

    def __init__(self, coroutine: Coroutine[Any, None, Any]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._error: Exception | None = None

    def interrupt(self, error: Exception) -> None:
        """Raises the error where the coroutine awaits. Call it in the loop's thread."""
        assert self._task is not None
        self._error = error
        self._task.cancel()

    def __await__(self) -> Generator[Any, None, Any]:
        self._task = asyncio.current_task()
        go_on = partial(self._coroutine.send, None)
        while True:
            try:
                awaited = go_on()
            except StopIteration as end:
                return end.value
            try:
                yield awaited
            except GeneratorExit:
                self._coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001  whatever it is, it goes in
                go_on = partial(self._coroutine.throw, self._in_place_of(error))
            else:
                go_on = partial(self._coroutine.send, None)

    def _in_place_of(self, error: BaseException) -> BaseException:
        if self._error is None or not isinstance(error, asyncio.CancelledError):
            return error
        assert self._task is not None
        self._task.uncancel()
        ours, self._error = self._error, None
        return ours
