"""The topic of an owner: all their jobs, each event once and in its job's order, across every loss."""

import asyncio
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.lifecycle.finish import finish
from jobs.lifecycle.retry import aretry
from jobs.lifecycle.start import start
from jobs.lifecycle.tell import Said, tell
from jobs.live import hub, listener, watches
from jobs.models import Event, EventKind, Job
from jobs.rules.milliseconds import unix_ms
from tests.consumers.steps import do, report_progress, slow_socket, success, until
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


async def follow(socket, owner, **more):
    await socket.say(type="subscribe", topic=f"owner:{owner.pk}", **more)
    return await socket.hear()


async def hear(socket, number):
    """The next events, as (job, seq)."""
    return [(one["job_id"], one["seq"]) for one in [await socket.hear() for _ in range(number)]]


async def new_job(owner):
    return await Job.objects.aget(id=(await add.using(owner=owner).aenqueue(1)).id)


async def test_a_feed_begins_with_the_newest_jobs_and_goes_on_with_every_event(open_socket, owner, job):
    socket = await open_socket()
    snapshot = await follow(socket, owner)
    assert (snapshot["type"], [one["id"] for one in snapshot["jobs"]]) == ("snapshot", [str(job.id)])

    await do(start, [str(job.id)], "w1")
    later = await new_job(owner)
    await do(finish, [await success(job)])
    heard = [await socket.hear() for _ in range(3)]
    assert [(one["job_id"], one["seq"]) for one in heard] == [
        (str(job.id), 2),
        (str(later.id), 1),
        (str(job.id), 3),
    ]
    assert {one["topic"] for one in heard} == {f"owner:{owner.pk}"}
    assert all(one["cursor"] >= snapshot["cursor"] - 60_000 for one in heard)


async def test_lost_messages_of_any_job_appear_within_five_seconds(open_socket, owner, job, monkeypatch):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.1)
    socket = await open_socket()
    await follow(socket, owner)
    await sync_to_async(start)([str(job.id)], "w1")  # nobody is told
    await sync_to_async(finish)([await success(job)])
    assert await hear(socket, 2) == [(str(job.id), 2), (str(job.id), 3)]


async def test_a_lost_message_is_read_when_the_next_one_of_its_job_comes(open_socket, owner, job):
    socket = await open_socket()
    await follow(socket, owner)
    await sync_to_async(start)([str(job.id)], "w1")
    await do(finish, [await success(job)])
    assert await hear(socket, 2) == [(str(job.id), 2), (str(job.id), 3)]


async def test_who_comes_back_gets_what_it_missed(open_socket, owner, job):
    snapshot = await follow(await open_socket(), owner)
    await do(start, [str(job.id)], "w1")
    later = await new_job(owner)
    socket = await open_socket()
    await socket.say(type="subscribe", topic=f"owner:{owner.pk}", after=snapshot["cursor"])
    # The first is told again: a feed's cursor is a time, and goes back by a minute.
    assert await hear(socket, 3) == [(str(job.id), 1), (str(job.id), 2), (str(later.id), 1)]


async def test_who_is_lost_in_the_middle_of_what_is_told_again_need_not_begin_further_back(
    open_socket, owner, job
):
    await age(job, seconds=20)
    cursor = unix_ms(timezone.now())
    message = await follow(await open_socket(), owner, after=cursor)
    assert (message["type"], message["seq"], message["cursor"]) == ("event", 1, cursor)


async def test_who_comes_back_gets_each_job_s_events_in_order_though_they_were_stored_late(
    open_socket, owner, job
):
    await do(start, [str(job.id)], "w1")
    line = {"attempt": 1, "level": "info", "text": "said before"}
    await do(tell, [Said(job.id, 1, EventKind.LOG, job.enqueued_at - timedelta(seconds=1), line)])
    socket = await open_socket()
    await socket.say(type="subscribe", topic=f"owner:{owner.pk}", after=unix_ms(job.enqueued_at))
    assert await hear(socket, 3) == [(str(job.id), seq) for seq in (1, 2, 3)]


async def age(job, **ago):
    """What happened to the job until now happened so long ago."""
    then = timezone.now() - timedelta(**ago)
    await Event.objects.filter(job=job).aupdate(at=then)
    await Job.objects.filter(id=job.id).exclude(finished_at=None).aupdate(finished_at=then)


async def test_who_comes_back_and_has_missed_nothing_hears_only_what_comes(open_socket, owner, job):
    await age(job, minutes=2)
    socket = await open_socket()
    await socket.say(type="subscribe", topic=f"owner:{owner.pk}", after=unix_ms(timezone.now()))
    assert await socket.hears_nothing()
    await do(start, [str(job.id)], "w1")
    assert await hear(socket, 1) == [(str(job.id), 2)]


async def test_of_an_old_job_that_is_tried_again_only_that_is_told(open_socket, owner, job):
    await do(start, [str(job.id)], "w1")
    await do(finish, [await success(job)])
    await age(job, minutes=2)
    socket = await open_socket()
    await follow(socket, owner)
    await aretry(job.id)
    await do(start, [str(job.id)], "w1")
    assert await hear(socket, 2) == [(str(job.id), 4), (str(job.id), 5)]


async def test_jobs_that_came_and_ended_while_the_database_was_long_away_are_told(
    open_socket, owner, job, monkeypatch
):
    socket = await open_socket()
    await follow(socket, owner)
    [feed] = hub.hub()._feeds.values()
    with monkeypatch.context() as patch:
        patch.setattr("jobs.lifecycle.announce.publish", AsyncMock())  # and Redis too
        later = await new_job(owner)
    await sync_to_async(start)([str(later.id)], "w1")
    await sync_to_async(finish)([await success(later)])
    await age(later, minutes=2)
    feed._checked_at -= timedelta(minutes=3)
    await do(start, [str(job.id)], "w1")
    await do(finish, [await success(job)])
    feed.hub.catch_up(feed)
    heard = await hear(socket, 5)
    assert [seq for job_id, seq in heard if job_id == str(later.id)] == [1, 2, 3]


async def test_who_has_read_what_others_were_not_told_yet_does_not_hear_it_again(open_socket, owner, job):
    first, second = await open_socket(), await open_socket()
    await follow(first, owner)
    await sync_to_async(start)([str(job.id)], "w1")  # nobody is told
    assert (await follow(second, owner))["jobs"][0]["seq"] == 2
    await do(finish, [await success(job)])
    assert await hear(first, 2) == [(str(job.id), 2), (str(job.id), 3)]
    assert await hear(second, 1) == [(str(job.id), 3)]


async def test_a_job_that_comes_while_the_log_is_checked_is_told_once(open_socket, owner, job):
    socket = await open_socket()
    await follow(socket, owner)
    [feed] = hub.hub()._feeds.values()
    async with feed._checking:  # as long as a check before it takes
        checking = asyncio.create_task(feed.catch_up())
        await until(lambda: feed._checking._waiters)
        later = await new_job(owner)
        assert await hear(socket, 1) == [(str(later.id), 1)]
    await checking
    await do(start, [str(later.id)], "w1")
    assert await hear(socket, 1) == [(str(later.id), 2)]


@pytest.mark.parametrize("after", [1, 2**62])
async def test_who_missed_too_much_is_told_to_begin_anew(open_socket, owner, job, monkeypatch, after):
    monkeypatch.setattr(watches, "MAX_REPLAY", 1)
    await do(start, [str(job.id)], "w1")
    reset = await follow(await open_socket(), owner, after=after)
    assert (reset["type"], [one["seq"] for one in reset["jobs"]]) == ("reset", [2])


async def test_a_replay_has_its_limit(open_socket, owner, job, monkeypatch):
    monkeypatch.setattr(watches, "MAX_REPLAY", 2)
    await do(start, [str(job.id)], "w1")
    socket = await open_socket()
    assert (await follow(socket, owner, after=1))["type"] == "event"
    await do(finish, [await success(job)])
    assert (await follow(await open_socket(), owner, after=1))["type"] == "reset"


async def test_who_falls_behind_is_told_to_begin_anew(owner, job, monkeypatch):
    monkeypatch.setattr(listener, "MAX_WAITING", 3)
    socket, reads = await slow_socket(owner)
    await follow(socket, owner)
    reads.clear()
    await report_progress(job, times=8)  # of which the next one makes it read the log
    await do(finish, [await success(job)])
    reads.set()
    heard = []
    async with asyncio.timeout(10):
        while not heard or heard[-1]["type"] != "reset":
            heard.append(await socket.hear())
    assert heard[-1]["jobs"][0]["status"] == "successful"
    await socket.close()


async def test_a_feed_is_its_owner_s_and_the_staff_s(open_socket, owner, job):
    stranger = await User.objects.acreate(username="eve")
    staff = await User.objects.acreate(username="root", is_staff=True)
    assert (await follow(await open_socket(stranger), owner))["code"] == "not_found"
    assert (await follow(await open_socket(staff), owner))["type"] == "snapshot"
    assert (await follow(await open_socket(staff), User(pk=2**63)))["code"] == "not_found"
    assert (await follow(await open_socket(staff), User(pk=-(2**63) - 1)))["code"] == "not_found"
    assert (await follow(await open_socket(staff), User(pk=2**63 - 1)))["jobs"] == []
    socket = await open_socket(stranger)
    await socket.say(type="subscribe", topic="ops")
    assert (await socket.hear())["code"] == "not_found"


async def test_staff_hear_how_the_queues_are_and_when_that_changes(open_socket, owner, job):
    staff = await User.objects.acreate(username="root", is_staff=True)
    socket = await open_socket(staff)
    await socket.say(type="subscribe", topic="ops")
    snapshot = await socket.hear()
    assert (snapshot["type"], snapshot["topic"], snapshot["workers"]) == ("snapshot", "ops", [])
    [before] = [queue["ready"] for queue in snapshot["queues"] if queue["name"] == job.queue_name]
    for _ in range(3):
        await new_job(owner)
    seen = before
    while seen != before + 3:  # it may be told of the first before the others come
        event = await socket.hear()
        assert (event["topic"], event["kind"]) == ("ops", "state")
        [seen] = [queue["ready"] for queue in event["data"]["queues"] if queue["name"] == job.queue_name]
