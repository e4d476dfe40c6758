"""The socket, through the real channel layer: snapshot, then every event, once and in order."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.contrib.auth.models import User

from consumers import protocol
from consumers.routing import sockets
from jobs.events import log
from jobs.events.emit import publish
from jobs.lifecycle.finish import Progress, finish, record_progress
from jobs.lifecycle.start import start
from jobs.live import hub, reads
from jobs.models import Job
from tests.consumers.steps import do, report_progress, slow_socket, success, until, watch
from tests.sample_tasks import add
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_subscriber_gets_a_snapshot_and_then_every_later_event(open_socket, job):
    socket = await open_socket()
    snapshot = await watch(socket, job)
    assert (snapshot["type"], snapshot["topic"], snapshot["seq"]) == ("snapshot", f"job:{job.id}", 1)
    assert (snapshot["job"]["id"], snapshot["job"]["status"]) == (str(job.id), "ready")

    await do(start, [str(job.id)], "w1")
    await do(record_progress, [Progress(job=await Job.objects.aget(id=job.id), fraction=0.5, text="half")])
    await do(finish, [await success(job)])
    heard = [await socket.hear() for _ in range(3)]
    assert [(one["seq"], one["kind"]) for one in heard] == [(2, "status"), (3, "progress"), (4, "status")]
    assert heard[1]["data"] == {"fraction": 0.5, "text": "half"}
    assert heard[2]["data"]["status"] == "successful"
    assert {one["job_id"] for one in heard} == {str(job.id)}


async def test_a_subscriber_that_names_its_last_event_gets_what_it_missed(open_socket, job):
    await do(start, [str(job.id)], "w1")
    await do(finish, [await success(job)])
    socket = await open_socket()
    first = await watch(socket, job, after=1)
    assert [(one["seq"], one["type"]) for one in (first, await socket.hear())] == [(2, "event"), (3, "event")]


async def test_a_lost_message_is_read_from_the_log_when_the_next_one_comes(open_socket, job):
    socket = await open_socket()
    await watch(socket, job)
    await sync_to_async(start)([str(job.id)], "w1")  # committed, but its message is lost
    await do(finish, [await success(job)])
    assert [(await socket.hear())["seq"] for _ in range(2)] == [2, 3]


async def test_a_lost_last_message_appears_within_five_seconds(open_socket, job, monkeypatch):
    assert hub.TAIL_CHECK_SECONDS < 5
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.1)
    socket = await open_socket()
    await watch(socket, job)
    await sync_to_async(start)([str(job.id)], "w1")
    assert (await socket.hear())["seq"] == 2


async def test_a_message_that_comes_twice_is_told_once(open_socket, job):
    socket = await open_socket()
    await watch(socket, job)
    events = (await sync_to_async(start)([str(job.id)], "w1")).events
    await publish(events)
    await publish(events)
    assert (await socket.hear())["seq"] == 2
    assert await socket.hears_nothing()


async def test_after_unsubscribing_nothing_more_is_heard(open_socket, job):
    socket = await open_socket()
    await watch(socket, job)
    await socket.say(type="unsubscribe", topic=f"job:{job.id}")
    await socket.say(type="ping")
    assert (await socket.hear()) == {"type": "pong"}
    await do(start, [str(job.id)], "w1")
    assert await socket.hears_nothing()


async def test_another_s_job_is_as_if_it_did_not_exist(open_socket, job):
    stranger = await User.objects.acreate(username="eve")
    socket = await open_socket(stranger)
    refused = await watch(socket, job)
    assert (refused["type"], refused["code"]) == ("error", "not_found")
    for topic in ("job:0198c000-0000-7000-8000-000000000000", "job:nonsense", "room:1"):
        await socket.say(type="subscribe", topic=topic)
        assert (await socket.hear())["code"] == "not_found"


async def test_staff_may_watch_every_job(open_socket, job):
    staff = await User.objects.acreate(username="root", is_staff=True)
    assert (await watch(await open_socket(staff), job))["type"] == "snapshot"


async def test_a_bad_frame_closes_the_socket_with_its_code(open_socket, job):
    for frame in ({"text": "nonsense"}, {"bytes": b"\x00"}):
        socket = await open_socket()
        await socket.send(**frame)
        assert (await socket.hear())["code"] == "bad_frame"
        assert await socket.close_code() == 4400


async def test_who_is_not_signed_in_is_sent_away_and_not_listened_to(job):
    socket = Socket(sockets, headers=[(b"host", b"127.0.0.1")])
    await socket.open()
    await socket.say(type="subscribe", topic=f"job:{job.id}")
    await socket.say(type="ping")
    assert await socket.close_code() == 4401
    await socket.say(type="ping")
    await socket.send(text="nonsense")
    await socket.end()
    assert await socket.hears_nothing()


async def test_the_number_of_subscriptions_is_limited(open_socket, owner, monkeypatch):
    monkeypatch.setattr(protocol, "MAX_SUBSCRIPTIONS", 2)
    jobs = [await Job.objects.aget(id=(await add.using(owner=owner).aenqueue(n)).id) for n in range(3)]
    socket = await open_socket()
    for job in (*jobs[:2], jobs[0]):
        assert (await watch(socket, job))["type"] == "snapshot"
    await socket.say(type="subscribe", topic=f"job:{jobs[2].id}")
    assert await socket.close_code() == 4429


async def test_a_message_that_comes_in_the_middle_of_a_replay_waits_for_its_end(owner, job, monkeypatch):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.05)
    socket, reads = await slow_socket(owner)
    await watch(socket, job)
    reads.clear()
    await report_progress(job, times=4)  # for a tail check to find
    await asyncio.sleep(0.2)  # it is saying them now
    await do(finish, [await success(job)])
    await asyncio.sleep(0.2)
    reads.set()
    assert [(await socket.hear())["seq"] for _ in range(5)] == [2, 3, 4, 5, 6]
    await socket.close()


async def test_a_long_replay_comes_at_once(open_socket, job, monkeypatch):
    monkeypatch.setattr(log, "MAX_PAGE", 3)
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 60)
    await report_progress(job, times=10)
    socket = await open_socket()
    first = await watch(socket, job, after=0)
    heard = [first["seq"], *[(await socket.hear())["seq"] for _ in range(10)]]
    assert heard == list(range(1, 12))


@pytest.mark.parametrize("after", [None, 3, 1])
async def test_an_ended_job_is_not_asked_for_again(open_socket, job, monkeypatch, after):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.01)
    await do(start, [str(job.id)], "w1")
    await do(finish, [await success(job)])
    socket = await open_socket()
    await socket.say(type="subscribe", topic=f"job:{job.id}", **({} if after is None else {"after": after}))
    for _ in range({None: 1, 3: 1, 1: 2}[after]):
        await socket.hear()
    await socket.say(type="ping")
    assert (await socket.hear())["type"] == "pong"
    asked = []
    monkeypatch.setattr(log, "after", lambda *asking: asked.append(asking) or [])
    assert await socket.hears_nothing()
    assert asked == []


async def test_a_client_that_is_ahead_of_the_log_is_told_to_begin_anew(open_socket, job):
    socket = await open_socket()
    reset = await watch(socket, job, after=7)
    assert (reset["type"], reset["topic"], reset["seq"]) == ("reset", f"job:{job.id}", 1)
    assert (reset["job"]["id"], reset["job"]["status"]) == (str(job.id), "ready")
    await do(start, [str(job.id)], "w1")
    assert (await socket.hear())["seq"] == 2


async def test_a_topic_has_one_spelling(open_socket, job):
    socket = await open_socket()
    for spelling in (str(job.id).upper(), f"{{{job.id}}}", job.id.hex, f"urn:uuid:{job.id}"):
        await socket.say(type="subscribe", topic=f"job:{spelling}")
        assert (await socket.hear())["code"] == "not_found"


@pytest.mark.parametrize("after", [0, 1])
async def test_who_missed_events_that_are_not_kept_any_more_is_told_so(open_socket, job, after):
    await report_progress(job, 4)
    await job.events.filter(seq__lte=3).adelete()
    reset = await watch(await open_socket(), job, after=after)
    assert (reset["type"], reset["seq"], reset["job"]["status"]) == ("reset", 5, "running")


async def test_a_job_that_is_deleted_while_one_subscribes_leaves_no_group(open_socket, job, monkeypatch):
    read = reads.job_of

    def lose_and_read(jobs, job_id):
        Job.objects.filter(id=job_id).delete()
        return read(jobs, job_id)

    monkeypatch.setattr(reads, "job_of", lose_and_read)
    socket = await open_socket()
    assert (await watch(socket, job))["code"] == "not_found"
    await until(lambda: channel_layers["default"].groups == {})


async def test_when_the_process_ends_sockets_are_asked_to_come_back(open_socket, job):
    watching, idle = await open_socket(), await open_socket()
    await watch(watching, job)
    hub.hub().shut_down()
    for socket in (watching, idle, await open_socket()):
        assert await socket.close_code() == 1012
