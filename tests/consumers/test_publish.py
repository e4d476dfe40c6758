"""Publishing must never hold up whoever publishes: the log has it all anyway."""

import asyncio
import signal
import time

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.conf import settings

from jobs.events import emit
from jobs.lifecycle.start import start
from jobs.models import Job
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def frozen_valkey(valkey):
    """A server that keeps its connections and answers nothing, as behind a dead network."""
    valkey.process.send_signal(signal.SIGSTOP)
    yield
    valkey.process.send_signal(signal.SIGCONT)


async def test_publishing_to_a_redis_that_says_nothing_ends_by_itself(request, monkeypatch, caplog):
    assert emit.TIMEOUT_SECONDS <= 3
    monkeypatch.setattr(emit, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(emit, "_doorbell", emit._Doorbell())
    result = await add.aenqueue(1)
    events = (await sync_to_async(start)([result.id], "w1")).events
    request.getfixturevalue("frozen_valkey")
    before = time.monotonic()
    for _ in range(3):
        await emit.publish(events)
    assert time.monotonic() - before < 2
    assert caplog.text.count("Events are not published") == 1, "it says so once"
    assert (await Job.objects.aget(id=result.id)).seq == 2


async def test_the_channel_layer_s_connections_have_time_limits():
    [host] = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
    assert 0 < host["socket_timeout"] <= 5
    assert 0 < host["socket_connect_timeout"] <= 5


async def test_a_quiet_channel_layer_still_rings_after_its_health_checks(settings):
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    hosts = [{**config["hosts"][0], "health_check_interval": 0.1, "socket_timeout": 0.3}]
    layers = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": {**config, "hosts": hosts}}}
    settings.CHANNEL_LAYERS = layers
    layer = channel_layers["default"]
    channel = await layer.new_channel()
    await layer.group_add("quiet", channel)
    for number in range(3):
        await layer.group_send("quiet", {"type": "ring", "number": number})
        assert (await layer.receive(channel))["number"] == number
        await asyncio.sleep(0.4)  # several health checks and a socket's time limit come up
    await layer.flush()
