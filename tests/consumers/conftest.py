"""A job, the sockets of its owner, and what goes away under them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from consumers import protocol
from consumers.live import LiveConsumer
from jobs.models import Job
from tests.consumers.steps import access_of, without_store
from tests.sample_tasks import add
from tests.sockets import Socket


@pytest.fixture
async def owner():
    return await User.objects.acreate(username="ada")


@pytest.fixture
def session_key(owner):
    """Of a browser in which the owner has signed in."""
    browser = Client()
    browser.force_login(owner)
    return browser.cookies["sessionid"].value


@pytest.fixture
async def job(owner):
    result = await add.using(owner=owner).aenqueue(1)
    return await Job.objects.aget(id=result.id)


@pytest.fixture
async def open_socket(owner):
    sockets = []

    async def open_one(user=owner):
        socket = Socket(LiveConsumer.as_asgi(), access=access_of(user), subprotocols=[protocol.SUBPROTOCOL])
        accepted = await socket.open()
        assert (accepted["type"], accepted["subprotocol"]) == ("websocket.accept", protocol.SUBPROTOCOL)
        sockets.append(socket)
        return socket

    yield open_one
    for socket in sockets:
        await socket.close()


@pytest.fixture
def store_away():
    """Every question to the database fails, as while it restarts."""
    with without_store():
        yield
