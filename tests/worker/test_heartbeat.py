"""Leases are renewed whatever the event loop is doing, and none that was given back is taken again."""

import asyncio
import logging
import time
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from jobs.broker import client, keys
from jobs.broker.leases import Lease
from jobs.lifecycle.start import start
from jobs.worker import heartbeat as module
from jobs.worker.attempt import Attempt, Fate
from jobs.worker.heartbeat import Heartbeat
from jobs.worker.presence import Presence
from tests.claims import claim
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def beating(monkeypatch):
    """A heart that beats all the time, for the attempts in the dictionary."""
    monkeypatch.setattr(module, "RENEW_EVERY", timedelta(milliseconds=10))
    attempts: dict[str, Attempt] = {}
    heartbeat = Heartbeat(attempts, asyncio.Lock(), Presence("w1", slots=3))

    async def take_back_for_ever():
        while True:
            await heartbeat.take_back()

    taking_back = asyncio.create_task(take_back_for_ever())
    heartbeat.start()
    yield attempts
    await heartbeat.stop()
    taking_back.cancel()
    await asyncio.gather(taking_back, return_exceptions=True)


async def running_attempt() -> Attempt:
    result = await add.aenqueue(1)
    [lease] = (await claim("default", "w1", 1)).leases
    return Attempt(job=(await sync_to_async(start)([result.id], "w1")).jobs[0], lease=lease)


async def shorten(lease: Lease) -> None:
    await client.redis().pexpire(keys.IN_PROGRESS + lease.job_id, 300)


async def holder(lease: Lease) -> str:
    return (await client.redis().get(keys.IN_PROGRESS + lease.job_id) or b"").decode()


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.01)


async def test_a_lease_is_renewed_while_the_event_loop_is_held_up(beating):
    attempt = await running_attempt()
    await shorten(attempt.lease)
    beating[attempt.lease.job_id] = attempt
    time.sleep(0.5)
    assert await holder(attempt.lease) == attempt.lease.token


async def test_a_lease_that_ran_out_unnoticed_is_taken_back(beating):
    attempt = await running_attempt()
    await client.redis().flushall()
    beating[attempt.lease.job_id] = attempt

    async def held_again():
        return await holder(attempt.lease) == attempt.lease.token

    await until(held_again)
    assert await client.redis().zscore("arq:queue", attempt.lease.job_id) > 0


async def test_a_lease_that_was_given_back_is_not_taken_again(beating):
    """The thread may have looked just before it was."""
    attempt, witness = await running_attempt(), await running_attempt()
    for each in (attempt, witness):
        await client.redis().delete(keys.IN_PROGRESS + each.lease.job_id)
        beating[each.lease.job_id] = each
    time.sleep(0.1)  # the thread has seen both without a lease, and the loop has not heard of it
    attempt.is_settled = True

    async def witness_held():
        return await holder(witness.lease) == witness.lease.token

    await until(witness_held)
    assert not await holder(attempt.lease)


async def test_an_attempt_whose_lease_another_worker_has_is_ended(beating):
    attempt = await running_attempt()
    await client.redis().set(keys.IN_PROGRESS + attempt.lease.job_id, "w2:1")
    beating[attempt.lease.job_id] = attempt

    async def lost():
        return attempt.fate is Fate.LOST

    await until(lost)
    assert await holder(attempt.lease) == "w2:1"


async def test_while_redis_is_away_it_says_so_once_and_goes_on(beating, monkeypatch, caplog):
    tries = []
    prolong = module.prolong

    def fail_at_first(redis, leases):
        tries.append(None)
        if len(tries) < 4:
            raise ConnectionError("away")
        return prolong(redis, leases)

    monkeypatch.setattr(module, "prolong", fail_at_first)
    attempt = await running_attempt()
    await client.redis().delete(keys.IN_PROGRESS + attempt.lease.job_id)
    with caplog.at_level(logging.WARNING, "jobs.worker.backoff"):
        beating[attempt.lease.job_id] = attempt

        async def held_again():
            return await holder(attempt.lease) == attempt.lease.token

        await until(held_again)
    said = [record.message for record in caplog.records if "Renewing leases" in record.message]
    assert ["away" in line for line in said] == [True, False], said
