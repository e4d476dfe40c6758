"""The database or Redis away, clients that do not read: each event is told all the same, and nothing is left behind."""

import asyncio
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.conf import settings as django_settings
from django.contrib.auth.models import User

from consumers import live
from consumers.live import LiveConsumer
from jobs.broker.embedded import start_embedded
from jobs.events.emit import MESSAGE, publish
from jobs.events.shapes import event_json
from jobs.events.topics import group, job_topic, owner_topic
from jobs.lifecycle.finish import Progress, finish, record_progress
from jobs.lifecycle.start import start
from jobs.live import hub, listener, reads
from jobs.live.doorbell import Doorbell
from jobs.live.feeds import JobFeed, OwnerFeed
from jobs.live.listener import Listener
from jobs.models import Event, Job
from tests.consumers.steps import access_of, do, slow_socket, success, until, watch, without_store
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


async def test_tail_checks_go_on_after_the_database_was_away(open_socket, job, monkeypatch, caplog):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.02)
    socket = await open_socket()
    await watch(socket, job)
    with without_store():
        assert await socket.hears_nothing()
    await sync_to_async(start)([str(job.id)], "w1")
    assert (await socket.hear())["seq"] == 2
    assert caplog.text.count("cannot be read") == 1, "it says so once, not at each check"
    assert "Traceback" not in caplog.text


async def test_a_gap_that_shows_while_the_database_is_away_is_filled_later(open_socket, job, monkeypatch):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 60)
    socket = await open_socket()
    await watch(socket, job)
    await sync_to_async(start)([str(job.id)], "w1")  # its message is lost
    events = await sync_to_async(finish)([await success(job)])
    with without_store():
        await publish(events)
        assert await socket.hears_nothing()
    await publish(events)
    assert [(await socket.hear())["seq"] for _ in range(2)] == [2, 3]


async def test_what_fails_once_for_whatever_reason_ends_nothing(open_socket, job, owner, monkeypatch, caplog):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.05)
    monkeypatch.setattr(hub, "ACCESS_CHECK_SECONDS", 0.05)
    failed = []
    for place, name in (
        (Doorbell, "join_missing"),
        (reads, "seqs_of"),
        (reads, "changes_of_owners"),
        (JobFeed, "catch_up"),
        (OwnerFeed, "check"),
        (hub, "still_valid"),
    ):
        monkeypatch.setattr(place, name, _failing_once(getattr(place, name), name, failed))
    await sync_to_async(start)([str(job.id)], "w1")
    by_job, by_owner = await open_socket(), await open_socket()
    await watch(by_job, job)
    failed.append("changes_of_owners")  # by which a feed begins: that would be told to the client
    await by_owner.say(type="subscribe", topic=owner_topic(owner.pk))
    await by_owner.hear()
    failed.remove("changes_of_owners")
    await sync_to_async(finish)([await success(job)])  # nobody is told
    assert (await by_job.hear())["seq"] == (await by_owner.hear())["seq"] == 3
    await until(lambda: len(failed) == 6)
    await User.objects.aupdate(is_active=False)
    assert await by_job.close_code() == await by_owner.close_code() == 4401


def _failing_once(call, name, failed):
    def fail_or_call(*args, **kwargs):
        if name not in failed:
            failed.append(name)
            raise ZeroDivisionError(name)
        return call(*args, **kwargs)

    return fail_or_call


async def test_who_subscribes_while_the_database_is_away_is_asked_to_come_again(open_socket, job, store_away):
    socket = await open_socket()
    answer = await watch(socket, job)
    assert (answer["type"], answer["code"]) == ("error", "unavailable")
    assert await socket.close_code() == 1013


async def test_a_closed_socket_leaves_all_its_groups(open_socket, job):
    layer = channel_layers["default"]
    for ends in (lambda socket: socket.close(), lambda socket: socket.send(text="nonsense")):
        socket = await open_socket()
        await watch(socket, job)
        assert (len(layer.groups), len(layer.channels)) == (1, 1)
        await ends(socket)
        await socket.end()
        assert (layer.groups, layer.channels) == ({}, {})


@pytest.mark.parametrize("kind, read", [("job", "job_of"), ("owner", "changes_of_owners")])
async def test_what_a_client_leaves_while_it_is_read_is_left(owner, job, monkeypatch, kind, read):
    topic = {"job": job_topic(job.id), "owner": owner_topic(owner.pk)}[kind]
    is_alone = kind == "owner"  # so that it is the one for whom the feed is opened
    really_read, is_reading, goes_on = getattr(reads, read), threading.Event(), threading.Event()

    def read_slowly(*args):
        is_reading.set()
        assert goes_on.wait(10)
        return really_read(*args)

    async with Listener() as leaving, Listener() as staying:
        if not is_alone:
            staying.watch(topic)
            await anext(staying)
        monkeypatch.setattr(reads, read, read_slowly)
        leaving.watch(topic)
        hearing = asyncio.ensure_future(anext(leaving))
        await until(is_reading.is_set)
        leaving.leave(topic)
        goes_on.set()
        if is_alone:
            staying.watch(topic)
            await anext(staying)
        await do(start, [str(job.id)], "w1")
        assert (await anext(staying)).body["seq"] == 2
        [feed] = hub.hub()._feeds.values()
        assert feed.watches == len(feed.live) == 1
        assert not hearing.done()
        hearing.cancel()
    assert hub.hub()._feeds == channel_layers["default"].groups == {}


async def test_who_falls_behind_in_a_job_that_is_deleted_is_told_so(job):
    async with Listener() as listening, asyncio.timeout(5):
        listening.watch(job_topic(job.id))
        await anext(listening)
        await do(start, [str(job.id)], "w1")
        await until(lambda: listening._heard)
        listening._fall_behind()
        await Event.objects.filter(job=job).adelete()
        await Job.objects.filter(id=job.id).adelete()
        assert (await anext(listening)).body["code"] == "not_found"


async def test_a_closed_socket_leaves_all_its_groups_though_the_database_is_away(
    open_socket, job, monkeypatch
):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.01)
    layer = channel_layers["default"]
    socket = await open_socket()
    await watch(socket, job)
    with without_store():
        assert await socket.hears_nothing()
        await socket.close()
    assert (layer.groups, layer.channels) == ({}, {})


async def test_a_client_that_does_not_read_is_sent_away_in_time(owner, job, monkeypatch):
    assert live.SEND_SECONDS <= 10
    monkeypatch.setattr(live, "SEND_SECONDS", 0.1)
    socket, reads = await slow_socket(owner)
    await watch(socket, job)
    reads.clear()
    await do(start, [str(job.id)], "w1")
    assert await socket.close_code() == 4408
    await socket.end()
    assert channel_layers["default"].groups == {}


async def test_a_client_that_takes_not_even_the_close_is_left(owner, job, monkeypatch):
    monkeypatch.setattr(live, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(live, "CLOSE_SECONDS", 0.1)

    async def deaf(scope, receive, send):
        async def stuck(message):
            await (send(message) if message["type"] == "websocket.accept" else asyncio.Event().wait())

        await LiveConsumer.as_asgi()(scope, receive, stuck)

    socket = Socket(deaf, access=access_of(owner))
    await socket.open()
    await socket.say(type="subscribe", topic=f"job:{job.id}")
    await socket.end()
    assert channel_layers["default"].groups == {}


async def test_a_client_that_is_gone_when_it_is_told_something_is_no_error(owner):
    async def gone(scope, receive, send):
        async def broken(message):
            if message["type"] != "websocket.accept":
                raise OSError("as servers tell it")
            await send(message)

        await LiveConsumer.as_asgi()(scope, receive, broken)

    socket = Socket(gone, access=access_of(owner))
    await socket.open()
    await socket.say(type="ping")
    await socket.end()
    assert hub.hub().listeners == set()


async def test_a_socket_that_falls_behind_forgets_its_messages_and_reads_the_log(owner, job, monkeypatch):
    monkeypatch.setattr(listener, "MAX_WAITING", 5)
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 60)
    socket, reads = await slow_socket(owner)
    await watch(socket, job)
    [listening] = hub.hub().listeners
    reads.clear()
    await do(start, [str(job.id)], "w1")
    most = 0
    for number in range(20):
        report = [Progress(job=await Job.objects.aget(id=job.id), fraction=number / 20, text="")]
        await do(record_progress, report)
        most = max(most, len(listening._heard))
    await until(lambda: not listening._heard)
    assert most <= 5
    reads.set()
    assert [(await socket.hear())["seq"] for _ in range(21)] == list(range(2, 23))
    await socket.close()


@pytest.fixture
async def own_redis(settings, monkeypatch):
    """Where the channel layer expects a server, and none is yet: call it to start one."""
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.1)
    layer = django_settings.CHANNEL_LAYERS["default"]
    [host] = layer["CONFIG"]["hosts"]
    with tempfile.TemporaryDirectory(prefix="handoff-", dir="/tmp") as name, ExitStack() as servers:
        folder = Path(name) / "v"
        hosts = [{**host, "address": f"unix://{folder}/valkey.sock"}]
        settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}
        yield lambda: servers.enter_context(start_embedded(folder, folder / "valkey.sock"))
        await channel_layers["default"].flush()


async def ring(events):
    """As publish does, which would look for watchers in the other server."""
    topic = job_topic(events[0].job_id)
    message = {"type": MESSAGE, "topic": topic, "events": [event_json(one) for one in events]}
    await channel_layers["default"].group_send(group(topic), message)


async def test_without_redis_the_socket_tells_what_the_log_has(own_redis, open_socket, job, caplog):
    socket = await open_socket()
    assert (await watch(socket, job))["type"] == "snapshot"
    await sync_to_async(start)([str(job.id)], "w1")
    assert (await socket.hear())["seq"] == 2
    assert await socket.hears_nothing(0.5)
    assert caplog.text.count("Redis is away") == 1, "it says so once, not at each check"
    assert "Traceback" not in caplog.text


async def test_a_connection_that_closes_just_then_is_like_redis_away(open_socket, job, monkeypatch):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.05)

    async def closed(*_):
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    monkeypatch.setattr(channel_layers["default"], "group_add", closed)
    socket = await open_socket()
    assert (await watch(socket, job))["type"] == "snapshot"
    await sync_to_async(start)([str(job.id)], "w1")
    assert (await socket.hear())["seq"] == 2


async def test_once_redis_is_back_the_doorbell_rings(own_redis, open_socket, job, monkeypatch):
    socket = await open_socket()
    await watch(socket, job)
    own_redis()
    await until(lambda: channel_layers["default"]._shards[0]._subscribed_to)
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 60)
    assert await socket.hears_nothing()  # the last tail check that was under way
    await ring((await sync_to_async(start)([str(job.id)], "w1")).events)
    assert (await socket.hear())["seq"] == 2


async def test_a_redis_that_restarts_rings_again(own_redis, open_socket, job, caplog):
    server = own_redis()
    socket = await open_socket()
    await watch(socket, job)
    server.stop()
    await sync_to_async(start)([str(job.id)], "w1")
    assert (await socket.hear())["seq"] == 2
    assert await socket.hears_nothing(0.5)
    assert "Traceback" not in caplog.text
    own_redis()
    await sync_to_async(finish)([await success(job)])
    assert (await socket.hear())["seq"] == 3
    await socket.close()
    assert (channel_layers["default"].groups, channel_layers["default"].channels) == ({}, {})
