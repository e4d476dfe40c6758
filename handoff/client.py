"""Clients of the HTTP API: `AsyncClient` for code that runs on an event loop, `Client` for all other."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import wraps
from typing import Any, Concatenate, Self

import httpx

from handoff import blocking
from handoff.sender import Sender
from handoff.verbs import Verbs

#: Seconds until the server has to have said something.
TIMEOUT = 20.0
#: Seconds for which a call is tried again after the first failure: long enough for a restart.
RETRY_FOR = 60.0
#: Seconds of the longest rest between two tries, unless the server asks for more.
MAX_PAUSE = 10.0


class AsyncClient(Verbs):
    """An async context manager; or close it with `aclose()`. For one event loop."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        owner: str | None = None,
        timeout: float = TIMEOUT,
        retry_for: float = RETRY_FOR,
        max_pause: float = MAX_PAUSE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`url` as in a browser, without a path of the API; `owner`: the user for whom a service account acts."""
        self._http = _http(url, token, owner, transport)
        super().__init__(
            Sender(self._http, asyncio.sleep, timeout=timeout, retry_for=retry_for, max_pause=max_pause)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()


def _http(
    url: str, token: str, owner: str | None, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    if owner is not None:
        headers["Handoff-Owner"] = owner  # a username, in any script
    return httpx.AsyncClient(base_url=url, headers=httpx.Headers(headers, "utf-8"), transport=transport)


def _blocking[**P, T](
    verb: Callable[Concatenate[Verbs, P], Coroutine[Any, Any, T]],
) -> "Callable[Concatenate[Client, P], T]":
    @wraps(verb)
    def run(client: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return blocking.finished(verb(client.verbs, *args, **kwargs))

    return run


def _iterating[**P, T](
    verb: Callable[Concatenate[Verbs, P], AsyncGenerator[T]],
) -> "Callable[Concatenate[Client, P], Generator[T]]":
    @wraps(verb)
    def run(client: "Client", /, *args: P.args, **kwargs: P.kwargs) -> Generator[T]:
        source = verb(client.verbs, *args, **kwargs)
        try:
            while True:
                try:
                    item = blocking.finished(source.asend(None))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            blocking.finished(source.aclose())

    return run


class Client:
    """A context manager; or close it with `close()`. Threads may share it."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        owner: str | None = None,
        timeout: float = TIMEOUT,
        retry_for: float = RETRY_FOR,
        max_pause: float = MAX_PAUSE,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """As AsyncClient's."""
        self._http = _http(url, token, owner, blocking.Blocking(httpx.Client(transport=transport)))
        self.verbs = Verbs(
            Sender(self._http, blocking.sleep, timeout=timeout, retry_for=retry_for, max_pause=max_pause)
        )

    submit = _blocking(Verbs.submit)
    submit_many = _blocking(Verbs.submit_many)
    get = _blocking(Verbs.get)
    wait = _blocking(Verbs.wait)
    jobs = _iterating(Verbs.jobs)
    events = _iterating(Verbs.events)
    cancel = _blocking(Verbs.cancel)
    retry = _blocking(Verbs.retry)
    upload = _blocking(Verbs.upload)
    download = _blocking(Verbs.download)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        blocking.finished(self._http.aclose())
