"""Runs coroutines without an event loop: they never wait, as all that they call blocks instead.

So the client is written once, as coroutines.
"""

import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import httpx


def finished[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns. It must not wait for anything but what blocks."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("It waits for an event loop.")


async def sleep(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251  that is the point


class Blocking(httpx.AsyncBaseTransport):
    """Looks asynchronous, and lets a client that blocks do the work."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.send(request, stream=True)
        assert isinstance(answer.stream, httpx.SyncByteStream)
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        self._http.close()


class _Body(httpx.AsyncByteStream):
    """As it came: whoever reads the answer decodes it."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        self._stream.close()
