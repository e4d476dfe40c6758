"""Django's middleware stays on the event loop, unless it has to wait."""

import asyncio
import subprocess
import sys
import threading

import httpx
import pytest
from asgiref.sync import SyncToAsync, sync_to_async
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient

from project.on_loop import MIDDLEWARE, keep_on_loop
from project.threads_on_demand import ThreadsOnDemand, forget_beginnings
from tests import sample_tasks
from tests.api.conftest import Caller
from tests.system import ROOT

ASGI_SCOPE = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}


@pytest.fixture
def hops(monkeypatch):
    """The functions that are called in a thread, once this process keeps the middleware out of it."""
    for middleware in MIDDLEWARE:
        monkeypatch.setattr(middleware, "__acall__", middleware.__acall__)
    monkeypatch.setattr(request_started, "receivers", [*request_started.receivers])
    keep_on_loop()
    forget_beginnings()
    called = []
    call = SyncToAsync.__call__

    async def noting(self, *args, **kwargs):
        called.append(getattr(self.func, "__qualname__", ""))
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", noting)
    return called


async def test_a_request_without_a_session_waits_for_no_thread_but_djangos_own(db, hops):
    answer = await AsyncClient().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.headers["X-Frame-Options"]) == (200, "DENY")
    assert not [name for name in hops if name.endswith(("process_request", "process_response"))]


@pytest.fixture
def browser(transactional_db):
    return Caller(User.objects.create_user("ada"), browser=True)


async def test_a_session_that_was_looked_at_is_stored_in_a_thread(browser, hops):
    answer = await browser.get("/api/v1/tasks")
    assert (answer.status_code, "Cookie" in answer.headers["Vary"]) == (200, True)
    assert "SessionMiddleware.process_response" in hops


async def test_a_job_is_taken_in_without_a_thread_of_the_requests_own(caller, hops):
    # The first one notes that the token is used, and counts the owner's jobs.
    await caller.submit(sample_tasks.add.module_path, {"a": 1})
    hops.clear()
    answer = await caller.submit(sample_tasks.add.module_path, {"a": 1})
    assert (answer.status_code, hops) == (202, [])


@pytest.fixture
def caller(transactional_db):
    return Caller(User.objects.create_user("ada"))


@pytest.fixture
def finished(monkeypatch):
    """One for each request that has ended."""
    ended = []
    monkeypatch.setattr(request_finished, "receivers", [])
    request_finished.connect(lambda **_: ended.append(1), weak=False)
    return ended


async def test_who_hangs_up_ends_the_request(finished, monkeypatch):
    application, messages = ThreadsOnDemand(), [{"type": "http.request"}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    monkeypatch.setattr(application, "get_response_async", lambda _request: asyncio.Event().wait())
    async with asyncio.timeout(5):
        await application(ASGI_SCOPE, receive, None)
    assert finished == [1]


async def test_an_answer_that_breaks_off_ends_the_request(finished, monkeypatch):
    application = ThreadsOnDemand()

    async def breaks_off():
        yield b"a"
        raise OSError("the disk is gone")

    async def answer(_request):
        return StreamingHttpResponse(breaks_off())

    monkeypatch.setattr(application, "get_response_async", answer)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://testserver")
    with pytest.raises(ExceptionGroup):
        await client.get("/")
    assert finished == [1]


def test_a_server_that_imports_the_application_by_itself_gets_it():
    command = [sys.executable, "-c", "from project.asgi import application"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=30)


async def test_a_request_that_is_cut_off_at_its_very_end_ends_all_the_same(finished, monkeypatch):
    application, answered, may_end = ThreadsOnDemand(), asyncio.Event(), threading.Event()

    async def answer(_request):
        holding.append(
            asyncio.create_task(sync_to_async(may_end.wait)(5))
        )  # what comes next in its thread waits
        await asyncio.sleep(0)
        return HttpResponse()

    async def send(message):
        if message["type"] == "http.response.body":
            answered.set()

    async def receive():
        return messages.pop(0) if messages else await asyncio.Event().wait()

    messages, holding = [{"type": "http.request"}], []
    monkeypatch.setattr(application, "get_response_async", answer)
    asking = asyncio.create_task(application(ASGI_SCOPE, receive, send))
    await asyncio.wait_for(answered.wait(), 5)
    for _ in range(5):
        await asyncio.sleep(0)
    asking.cancel()
    threading.Timer(0.05, may_end.set).start()
    await asyncio.wait({asking})
    assert finished == [1]
