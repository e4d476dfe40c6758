"""Queues and workers as the operator sees them, on every kind of store."""

import asyncio
import os
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from jobs.broker import client, counts, workers
from jobs.broker.client import connect_sync
from jobs.errors import BrokerUnavailable
from jobs.events.system import system_state
from jobs.lifecycle import queues
from jobs.worker.engine import Engine
from tests.claims import claim
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")

NOTHING = {"ready": 0, "deferred": 0, "running": 0, "paused_at": None, "weight": 1, "max_slots": None}


async def queue(name):
    return next(queue for queue in (await system_state())["queues"] if queue["name"] == name)


async def test_each_queue_says_what_waits_and_runs_in_it():
    for seconds in (0, 0, 0, 3, 3600):
        run_after = timezone.now() + timedelta(seconds=seconds) if seconds else None
        await add.using(run_after=run_after).aenqueue(1)
    assert len((await claim("default", "w1", 2)).leases) == 2
    paused = await queues.apause("email")
    assert await queue("default") == NOTHING | {"name": "default", "ready": 1, "deferred": 2, "running": 2}
    assert (await queue("email"))["paused_at"][:19] == paused.paused_at.isoformat()[:19]


async def test_a_job_that_is_due_is_ready_though_no_worker_has_looked_since():
    await add.aenqueue(1)
    await client.redis().zadd("arq:queue", {"another": 1})
    assert await queue("default") == NOTHING | {"name": "default", "ready": 2}


@pytest.mark.parametrize("running, counted", [(2, 2), (3, 2)])
async def test_running_jobs_are_counted_up_to_a_number(monkeypatch, running, counted):
    monkeypatch.setattr(counts, "MAX_RUNNING", 2)
    await add.aenqueue_many({"a": number} for number in range(running))
    await claim("default", "w1", running)
    assert (await queue("default"))["running"] == counted


async def test_a_worker_is_listed_from_its_start_to_its_end_and_leaves_no_key_for_ever():
    async with Engine(7) as engine, asyncio.timeout(10):
        while not (found := (await system_state())["workers"]):
            await asyncio.sleep(0.01)
        [worker] = found
        assert (worker["id"], worker["pid"], worker["slots"]) == (engine.worker_id, os.getpid(), 7)
        assert (worker["running"], "default" in worker["queues"]) == (0, True)
        assert worker["started_at"] <= worker["last_seen_at"]
        for key in (b"handoff:workers", f"handoff:worker:{engine.worker_id}".encode()):
            assert 0 < await client.redis().pttl(key) <= workers.ALIVE_MS
    assert (await system_state())["workers"] == []


def test_a_worker_that_is_silent_for_longer_than_a_lease_is_forgotten(monkeypatch, redis_sync):
    with connect_sync(1) as here:
        workers.register(here, "old", {})
        redis_sync.zadd("handoff:workers", {"old": 1})
        workers.register(here, "new", {})
    assert redis_sync.zrange("handoff:workers", 0, -1) == [b"new"]


async def test_while_redis_is_away_nobody_can_say(monkeypatch):
    async def away(*_):
        raise ConnectionError("away")

    monkeypatch.setattr(counts, "_count", away)
    with pytest.raises(BrokerUnavailable):
        await system_state()
    assert await sync_to_async(queues.paused)() == []
