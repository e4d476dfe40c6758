"""Pausing queues, on every kind of store."""

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from jobs.broker import client, keys, pauses
from jobs.errors import UnknownQueue
from jobs.lifecycle import queues
from jobs.models import Queue

pytestmark = pytest.mark.usefixtures("store")


async def test_a_paused_queue_is_paused_in_both_places_until_it_is_resumed():
    paused = await queues.apause("default")
    assert (await sync_to_async(queues.paused)(), await pauses.known()) == (["default"], {"arq:queue"})
    again = await queues.apause("default")
    assert again.paused_at == paused.paused_at is not None, "since when does not change"
    resumed = await queues.aresume("default")
    assert resumed.paused_at is None
    assert (await sync_to_async(queues.paused)(), await pauses.known()) == ([], set())


async def test_resuming_wakes_idle_workers_and_leaves_no_key_for_ever():
    await queues.aresume("reports")
    assert await client.redis().llen(keys.wake("reports")) == pauses.MAX_WOKEN
    assert await client.redis().pttl(keys.wake("reports")) > 0


def test_sync_code_can_pause_too_and_redis_hears_of_it_after_the_commit(redis_sync):
    with transaction.atomic():
        queues.pause("email")
        assert not redis_sync.exists("handoff:paused")
    assert redis_sync.smembers("handoff:paused") == {b"arq:queue:email"}
    queues.resume("email")
    assert not redis_sync.exists("handoff:paused")


def test_a_pause_that_is_rolled_back_is_none(redis_sync):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queues.pause("email")
        1 / 0  # noqa: B018
    assert not redis_sync.exists("handoff:paused")
    assert queues.paused() == []


def test_only_queues_that_there_are_can_be_paused():
    for verb in (queues.pause, queues.resume):
        with pytest.raises(UnknownQueue, match=r"no queue 'nope'; expected one of: default, email"):
            verb("nope")
    assert not Queue.objects.exists()


async def test_the_set_in_redis_is_made_right_again():
    await queues.apause("email")
    await client.redis().flushall()
    await pauses.pause("sync")  # as if a resume had not been told
    await pauses.assert_paused(["email"], await pauses.known())
    assert await pauses.known() == {"arq:queue:email"}


async def test_a_pause_while_the_set_is_made_right_is_not_undone():
    before = await pauses.known()
    named = await sync_to_async(queues.paused)()
    await queues.apause("email")
    await pauses.assert_paused(named, before)
    assert await pauses.known() == {"arq:queue:email"}
