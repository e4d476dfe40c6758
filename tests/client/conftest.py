"""Clients of the application in this process, and clients of a server that says what a test lets it say."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application

from handoff import AsyncClient, Client
from jobs.models import ApiToken, Scope

URL = "http://testserver"


class Lossy(httpx.AsyncBaseTransport):
    """The application, reached over a network that loses the answers to the first requests."""

    def __init__(self) -> None:
        application: Any = get_asgi_application()
        self._to = httpx.ASGITransport(application)
        self.losing = 0
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = await self._to.handle_async_request(request)
        if self.losing:
            self.losing -= 1
            raise httpx.ReadError("The answer was lost.")
        return answer


@pytest.fixture
def network() -> Lossy:
    return Lossy()


@pytest.fixture
async def ada(transactional_db: None, network: Lossy) -> AsyncIterator[AsyncClient]:
    user = await User.objects.acreate(username="ada")
    _, token = await sync_to_async(ApiToken.issue)(owner=user, name="tests", scopes=[Scope.ADMIN])
    async with AsyncClient(URL, token, max_pause=0, transport=network) as client:
        yield client


class Stub:
    """Answers each request with the next of what it is given, and records requests and pauses."""

    def __init__(self, face: Callable[..., Any]) -> None:
        self.answers: Iterator[httpx.Response | Exception] = iter(())
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.client: Any = face(URL, "secret", transport=httpx.MockTransport(self._answer))
        self.sender = self.client._sender if face is AsyncClient else self.client.verbs._sender
        self.sender.sleep = self._sleep

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def call(self, verb: str, *args: Any, **more: Any) -> Any:
        """Of either face; all that it iterates over as a list."""
        called = getattr(self.client, verb)(*args, **more)
        if inspect.isasyncgen(called):
            return [item async for item in called]
        if inspect.isgenerator(called):
            return list(called)
        return await called if inspect.isawaitable(called) else called


@pytest.fixture(params=[AsyncClient, Client])
async def stub(request: pytest.FixtureRequest) -> AsyncIterator[Stub]:
    made = Stub(request.param)
    yield made
    await made.client.aclose() if request.param is AsyncClient else made.client.close()
