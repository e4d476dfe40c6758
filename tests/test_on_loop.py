"""Django's middleware stays on the event loop, unless it has to wait."""

import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth.models import User
from django.test import AsyncClient

from project.on_loop import MIDDLEWARE, keep_on_loop
from tests.api.conftest import Caller


@pytest.fixture
def hops(monkeypatch):
    """The functions that are called in a thread, once this process keeps the middleware out of it."""
    for middleware in MIDDLEWARE:
        monkeypatch.setattr(middleware, "__acall__", middleware.__acall__)
    keep_on_loop()
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
