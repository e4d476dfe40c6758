"""Calls that come at the same moment are done together: take all that is pending, do it at once, repeat.

A call that comes alone waits for nobody; a hundred at once share one round trip.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from jobs.per_loop import PerLoop


@dataclass(frozen=True, slots=True, eq=False)
class Call[Asked, Answer]:
    """One of them, that waits."""

    asked: Asked
    answer: "asyncio.Future[Answer]"

    def give(self, answer: Answer) -> None:
        if not self.answer.done():  # whoever called may have been cancelled
            self.answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Together[Asked, Answer]:
    """An async function of one thing, by one of many.

    `do` answers each call that it gets, or sees to that; what it raises fails those that it has not answered. On one
    event loop it is not called again before it has returned.
    """

    def __init__(self, do: Callable[[list[Call[Asked, Answer]]], Awaitable[None]], *, most: int) -> None:
        self._do = do
        self._most = most
        self._line: PerLoop[_Line[Asked, Answer]] = PerLoop(_Line)

    async def __call__(self, asked: Asked) -> Answer:
        line = self._line()
        call: Call[Asked, Answer] = Call(asked, asyncio.get_running_loop().create_future())
        line.pending.append(call)
        if line.working is None:
            # Not in the context of the first of those whom it works for.
            line.working = asyncio.create_task(self._work(line), context=contextvars.Context())
        return await call.answer

    async def _work(self, line: "_Line[Asked, Answer]") -> None:
        try:
            while line.pending:
                calls, line.pending = line.pending[: self._most], line.pending[self._most :]
                try:
                    await self._do(calls)
                except Exception as error:  # noqa: BLE001  it is the callers'
                    for call in calls:
                        call.fail(error)
        finally:
            line.working = None


@dataclass(slots=True)
class _Line[Asked, Answer]:
    pending: list[Call[Asked, Answer]] = field(default_factory=list)
    working: asyncio.Task[None] | None = None
