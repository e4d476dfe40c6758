"""Redis may be lost: the sweep finds every accepted job in SQL."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from jobs.broker import client, keys
from jobs.lifecycle import promote, queues
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from jobs.store import StoreThread
from jobs.worker import sweeper as module
from jobs.worker.sweeper import MISSING_SECONDS, Sweeper
from tests.claims import claim
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def sweeper():
    store = StoreThread()
    yield Sweeper("w", store)
    await store.close()


async def claimed() -> list[str]:
    return [lease.job_id for lease in (await claim("default", "w", 100)).leases]


async def test_jobs_that_redis_forgot_are_pushed_again(sweeper):
    lost = [(await add.aenqueue(n)).id for n in range(3)]
    await client.redis().flushall()
    assert await claimed() == []
    await sweeper.sweep(now=0)
    assert sorted(await claimed()) == sorted(lost)


async def test_jobs_that_redis_knows_are_left_as_they_are(sweeper):
    await add.aenqueue(1)
    before = await client.redis().zrange("arq:queue", 0, -1, withscores=True)
    await sweeper.sweep(now=0)
    assert await client.redis().zrange("arq:queue", 0, -1, withscores=True) == before


async def test_a_promoted_job_of_which_redis_did_not_hear_starts_all_the_same(sweeper, monkeypatch):
    async def away(*_):
        raise ConnectionError("away")

    deferred, promoted = [
        (await add.using(run_after=timezone.now() + timedelta(days=1)).aenqueue(n)).id for n in range(2)
    ]
    monkeypatch.setattr(promote, "announce", away)
    await promote.apromote(promoted)
    await sweeper.sweep(now=0)
    assert await claimed() == [promoted]
    assert await client.redis().zscore("arq:queue", deferred) > 0


async def test_a_running_job_that_redis_forgot_is_left_to_its_worker_s_next_heartbeats(sweeper):
    job_id = (await add.aenqueue(1)).id
    await sync_to_async(start)([job_id], "w1")
    await client.redis().flushall()
    await sweeper.sweep(now=100)
    await sweeper.sweep(now=100 + MISSING_SECONDS - 0.1)
    assert await claimed() == []
    await sweeper.sweep(now=100 + MISSING_SECONDS)
    assert await claimed() == [job_id]


async def test_a_running_job_that_comes_back_in_time_is_forgotten_by_the_sweep(sweeper):
    job_id = (await add.aenqueue(1)).id
    await sync_to_async(start)([job_id], "w1")
    await client.redis().flushall()
    await sweeper.sweep(now=100)
    await client.redis().zadd("arq:queue", {job_id: 9e12})  # its worker took the lease back
    await sweeper.sweep(now=105)
    await client.redis().zrem("arq:queue", job_id)
    await sweeper.sweep(now=100 + MISSING_SECONDS)
    assert await claimed() == [], "it is missing for 5 s only"


async def test_after_a_loss_of_redis_all_jobs_are_looked_at_at_once(sweeper, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "MAX_PAGES", 1)
    await sweeper.sweep(now=0)
    lost = [result.id for result in await add.aenqueue_many({"a": n} for n in range(7))]
    await client.redis().flushall()
    await sweeper.sweep(now=5)
    assert sorted(await claimed()) == sorted(lost)


async def test_after_a_loss_in_the_middle_of_that_all_jobs_are_looked_at_once_more(sweeper, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "MAX_PAGES", 1)
    lost = [result.id for result in await add.aenqueue_many({"a": n} for n in range(7))]
    with monkeypatch.context() as patch:
        patch.setattr(sweeper, "_look_again_at_missing", lambda _now: client.redis().flushall())
        await sweeper.sweep(now=0)
    await sweeper.sweep(now=5)
    assert sorted(await claimed()) == sorted(lost)


async def test_a_new_server_in_the_place_of_the_old_one_counts_as_a_loss(sweeper, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "MAX_PAGES", 1)
    lost = [result.id for result in await add.aenqueue_many({"a": n} for n in range(7))]
    await client.redis().flushall()
    await client.redis().set(keys.WHOLE, "the run before")
    await sweeper.sweep(now=0)
    assert sorted(await claimed()) == sorted(lost)


async def test_while_redis_is_whole_a_turn_looks_at_a_stretch_and_comes_round(sweeper, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "MAX_PAGES", 2)
    ids = [result.id for result in await add.aenqueue_many({"a": n} for n in range(7))]
    await sweeper.sweep(now=0)
    # As if whoever enqueued these had died before it could push them.
    await client.redis().zrem("arq:queue", *ids)
    await sweeper.sweep(now=5)
    assert sorted(await claimed()) == ids[:4]
    await sweeper.sweep(now=10)
    assert sorted(await claimed()) == ids[4:]
    await client.redis().delete("arq:queue", *(keys.IN_PROGRESS + job_id for job_id in ids))
    await sweeper.sweep(now=15)
    assert sorted(await claimed()) == ids[:4]


async def test_ended_jobs_are_not_swept(sweeper):
    job_id = (await add.aenqueue(1)).id
    await Job.objects.filter(id=job_id).aupdate(status=Status.SUCCESSFUL, finished_at=timezone.now())
    await client.redis().flushall()
    await sweeper.sweep(now=0)
    assert await claimed() == []


async def test_a_job_that_ended_while_it_was_missing_is_forgotten(sweeper):
    """Should it be retried by hand and be missing again, that is no old story."""
    job_id = (await add.aenqueue(1)).id
    await sync_to_async(start)([job_id], "w1")
    await client.redis().flushall()
    await sweeper.sweep(now=100)
    row = Job.objects.filter(id=job_id)
    await row.aupdate(status=Status.SUCCESSFUL, finished_at=timezone.now())
    await sweeper.sweep(now=105)
    await row.aupdate(status=Status.RUNNING, finished_at=None)
    await sweeper.sweep(now=100 + MISSING_SECONDS)
    assert await claimed() == []


async def test_a_worker_that_leads_again_begins_anew_with_what_is_missing(sweeper, monkeypatch):
    monkeypatch.setattr(module, "SWEEP_EVERY_SECONDS", 0)
    job_id = (await add.aenqueue(1)).id
    await sync_to_async(start)([job_id], "w1")
    await client.redis().flushall()
    await sweeper.sweep(now=100)
    await client.redis().set(keys.LEADER, "another")
    await sweeper.turn()
    await sweeper.sweep(now=100 + MISSING_SECONDS)
    assert await claimed() == []


async def test_after_a_loss_redis_hears_first_what_is_paused(sweeper):
    await queues.apause("default")
    await add.aenqueue(1)
    await client.redis().flushall()
    await sweeper.sweep(now=0)
    assert await client.redis().zcard("arq:queue") == 1
    assert await claimed() == []
