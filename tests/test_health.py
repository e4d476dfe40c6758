"""What whoever keeps the processes running is told."""

import asyncio
import json
import socket

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.test import RequestFactory

from project import env, health
from tests.stores import default_database

REQUEST = RequestFactory().get("/readyz")


@pytest.fixture
def silent_postgres(transactional_db):
    """Django's database is a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"postgres://handoff@127.0.0.1:{listener.getsockname()[1]}/handoff"
        parsed = env.read({"DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY}).database
        parsed["OPTIONS"]["pool"] |= {"timeout": 1, "min_size": 0}
        with default_database(connections.configure_settings({"default": parsed})["default"]):
            yield


async def ask():
    answer = await health.readyz(REQUEST)
    return answer.status_code, json.loads(answer.content)


async def test_with_its_database_it_is_ready(store):
    assert await ask() == (200, {"status": "ok", "database": True, "redis": True})


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.django_db(transaction=True)
def test_any_error_of_the_database_is_an_answer(monkeypatch, error):
    def refuse():
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(health.connection, "cursor", refuse)
        assert health.database_answers() is False


async def test_a_database_that_says_nothing_is_not_waited_for(silent_postgres, monkeypatch):
    monkeypatch.setattr(health, "DATABASE_LIMIT_SECONDS", 0.1)
    async with asyncio.timeout(0.8):
        for _ in range(2):
            assert (await ask())[0] == 503
