"""Redis may be lost: the sweep finds every accepted job in SQL."""

import pytest
from asgiref.sync import sync_to_async

from jobs.broker import client
from jobs.lifecycle.start import start
from jobs.lifecycle.store import StoreThread
from jobs.worker.sweeper import MISSING_SECONDS, sweep
from tests.claims import claim
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def store():
    store = StoreThread()
    yield store
    await store.close()


async def claimed() -> list[str]:
    return [lease.job_id for lease in (await claim("default", "w", 100)).leases]


async def test_jobs_that_redis_forgot_are_pushed_again(store):
    lost = [(await add.aenqueue(n)).id for n in range(3)]
    await client.redis().flushall()
    assert await claimed() == []
    await sweep(store, {}, now=0)
    assert sorted(await claimed()) == sorted(lost)


async def test_jobs_that_redis_knows_are_left_as_they_are(store):
    await add.aenqueue(1)
    before = await client.redis().zrange("arq:queue", 0, -1, withscores=True)
    await sweep(store, {}, now=0)
    assert await client.redis().zrange("arq:queue", 0, -1, withscores=True) == before


async def test_a_running_job_that_redis_forgot_is_left_to_its_worker_s_next_heartbeats(store):
    job_id = (await add.aenqueue(1)).id
    await sync_to_async(start)([job_id], "w1")
    await client.redis().flushall()
    missing = await sweep(store, {}, now=100)
    missing = await sweep(store, missing, now=100 + MISSING_SECONDS - 0.1)
    assert await claimed() == []
    await sweep(store, missing, now=100 + MISSING_SECONDS)
    assert await claimed() == [job_id]


async def test_a_running_job_that_comes_back_in_time_is_forgotten_by_the_sweep(store):
    job_id = (await add.aenqueue(1)).id
    await sync_to_async(start)([job_id], "w1")
    await client.redis().flushall()
    assert list(await sweep(store, {}, now=100))
    await client.redis().zadd("arq:queue", {job_id: 9e12})  # its worker took the lease back
    assert await sweep(store, {}, now=105) == {}


async def test_ended_jobs_are_not_swept(store):
    from jobs.models import Job
    from jobs.status import Status

    job_id = (await add.aenqueue(1)).id
    await Job.objects.filter(id=job_id).aupdate(status=Status.SUCCESSFUL)
    await client.redis().flushall()
    await sweep(store, {}, now=0)
    assert await claimed() == []
