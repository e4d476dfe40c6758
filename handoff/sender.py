"""Sends requests: again where that is safe, until there is an answer that counts."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import httpx
import msgspec

from handoff.patience import Patience, is_undone, may_pass
from handoff.problem import Problem

#: The answer was lost, or the request before it.
LOST = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError)


class Sender:
    """All times are in seconds."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        sleep: Callable[[float], Awaitable[None]],
        *,
        timeout: float,
        retry_for: float,
        max_pause: float,
    ) -> None:
        self.http = http
        self.sleep = sleep
        self._timeout = timeout
        self._retry_for = retry_for
        self._max_pause = max_pause

    async def call[T](
        self,
        shape: type[T],
        method: str,
        path: str,
        *,
        is_repeatable: bool = True,
        within: float | None = None,
        **request: Any,
    ) -> T:
        """The answer's body."""

        async def attempt() -> T:
            async with self.answer(method, path, **request) as answer:
                return _decoded(await answer.aread(), shape)

        return await self.persist(attempt, is_repeatable=is_repeatable, within=within)

    async def persist[T](
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        is_repeatable: bool = True,
        within: float | None = None,
    ) -> T:
        """Tries until it goes well; what isn't repeatable again only if it certainly changed nothing."""
        patience = self.patience(within)
        while True:
            try:
                return await attempt()
            except Problem as problem:
                if not (is_repeatable or is_undone(problem)):
                    raise
                await self.rest(patience, problem)

    def patience(self, within: float | None = None) -> Patience:
        """Of a new call, which may take shorter than others."""
        retry_for = self._retry_for if within is None else min(self._retry_for, within)
        return Patience(retry_for, self._max_pause)

    async def rest(self, patience: Patience, problem: Problem) -> None:
        """Before the next try. Raises the problem if there is to be none."""
        pause = patience.pause(problem, monotonic(), random.random()) if may_pass(problem) else None
        if pause is None:
            raise problem
        await self.sleep(pause)

    @asynccontextmanager
    async def answer(
        self, method: str, path: str, *, wait: float = 0, **request: Any
    ) -> AsyncIterator[httpx.Response]:
        """One try; the answer may still be coming. `wait`: how much longer the server may take.

        Raises Problem, also for what is lost while the answer is read.
        """
        timeout = httpx.Timeout(self._timeout, read=self._timeout + wait)
        try:
            async with self.http.stream(method, path, timeout=timeout, **request) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise Problem.of(answer)
                yield answer
        except LOST as error:
            raise Problem.lost(error) from error


def _decoded[T](body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError as error:
        raise Problem(200, {"title": "The answer is not from Handoff", "detail": str(error)}) from error
