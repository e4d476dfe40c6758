"""The same stream in Python: events of a job as they happen, and waiting for its end."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async

import handoff
from jobs.errors import JobNotFound
from jobs.events import log
from jobs.lifecycle.finish import finish
from jobs.lifecycle.retry import aretry
from jobs.lifecycle.start import start
from jobs.live import hub
from jobs.live.listener import Ended
from jobs.models import Job
from tests.consumers.steps import do, success, until
from tests.sample_tasks import add


@pytest.fixture
async def result(store):
    return await add.aenqueue(1)


async def run(result, verb=do):
    await verb(start, [result.id], "w1")
    await verb(finish, [await success(await Job.objects.aget(id=result.id))])


async def untold(verb, *args):
    await sync_to_async(verb)(*args)


async def test_events_are_those_that_were_and_those_that_come_until_the_end(result):
    heard = []
    async for event in handoff.events(result.id):
        heard.append(event)
        if event["seq"] == 1:
            asyncio.get_running_loop().create_task(run(result))
    assert [event["seq"] for event in heard] == [1, 2, 3]
    assert set(heard[0]) == {"job_id", "seq", "kind", "at", "data"}
    assert heard[-1]["data"]["status"] == "successful"


async def test_events_of_a_job_that_has_ended_end(result):
    await run(result)
    for after, expected in ((0, [1, 2, 3]), (1, [2, 3]), (3, []), (9, [])):
        assert [event["seq"] async for event in handoff.events(result.id, after=after)] == expected
    assert not hub.hub().listeners


@pytest.mark.parametrize("page", [2, 3, 500])
async def test_events_of_a_job_that_was_tried_again_go_on_to_its_last_end(result, monkeypatch, page):
    monkeypatch.setattr(log, "MAX_PAGE", page)
    await run(result)
    assert [event["seq"] async for event in handoff.events(result.id)] == [1, 2, 3]
    await aretry(UUID(result.id))
    heard = []
    async for event in handoff.events(result.id):
        heard.append(event["seq"])
        if heard == [1, 2, 3, 4]:
            asyncio.get_running_loop().create_task(run(result))
    assert heard == [1, 2, 3, 4, 5, 6]


async def test_events_of_no_job_are_refused(store):
    with pytest.raises(JobNotFound):
        await anext(handoff.events(uuid4()))


async def test_a_result_can_be_waited_for(result):
    waiting = asyncio.create_task(result.wait(timedelta(seconds=10)))
    await run(result)
    assert (await waiting) is result
    assert (result.is_finished, result.return_value) == (True, 3)
    assert (await result.wait()).return_value == 3


async def test_waiting_has_its_limit_and_leaves_nothing_behind(result):
    with pytest.raises(TimeoutError, match="has not ended within"):
        await result.wait(0.05)
    assert not hub.hub().listeners


async def test_a_result_that_is_there_is_waited_for_in_no_time(result):
    await run(result)
    assert (await result.wait(0)).return_value == 3


async def test_an_end_of_which_nobody_is_told_is_found(result, monkeypatch):
    monkeypatch.setattr(hub, "TAIL_CHECK_SECONDS", 0.05)
    async with aclosing(handoff.events(result.id, after=1)) as events:
        waiting = asyncio.ensure_future(anext(events))
        await run(result, untold)
        assert (await waiting)["seq"] == 2


async def test_when_the_process_ends_all_who_listen_and_all_who_come_are_told(result):
    waiting = asyncio.ensure_future(result.wait(10))
    await until(lambda: any(one._watches for one in hub.hub().listeners))
    hub.hub().shut_down()
    for hearing in (waiting, result.wait(10)):
        with pytest.raises(Ended, match="shutdown"):
            await hearing
