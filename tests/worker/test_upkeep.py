"""What the leading worker keeps up besides the sweep."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from jobs.broker import aborts, client, pauses
from jobs.broker.ready import unknown
from jobs.conf import options
from jobs.lifecycle import expire, prune, queues
from jobs.lifecycle.cancel import acancel
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from jobs.store import StoreThread
from jobs.worker import upkeep
from jobs.worker.cancels import cancel_aborted
from jobs.worker.upkeep import Upkeep, expire_all, repeat_requests
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def store():
    store = StoreThread()
    yield store
    await store.close()


async def test_jobs_that_waited_too_long_fail_and_redis_forgets_them(store, monkeypatch):
    monkeypatch.setattr(expire, "MAX_BATCH", 2)
    late = [(await add.using(deadline=timedelta(hours=1)).aenqueue(n)).id for n in range(3)]
    on_time = (await add.using(deadline=timedelta(hours=1)).aenqueue(9)).id
    await Job.objects.filter(id__in=late).aupdate(deadline_at=timezone.now())
    await expire_all(store)
    failed = {str(job.id) async for job in Job.objects.filter(status=Status.FAILED)}
    assert failed == set(late)
    assert set(await unknown("default", [*late, on_time])) == set(late)


async def test_a_wiped_redis_learns_again_who_shall_end_and_what_is_paused(store):
    job = await add.aenqueue(1)
    await sync_to_async(start)([job.id], "w1")
    await acancel(job.id)
    await queues.apause("email")
    await client.redis().flushall()
    await repeat_requests(store)
    assert await aborts.requested([job.id]) == {job.id}
    assert await pauses.known() == {"arq:queue:email"}


async def test_a_task_that_holds_up_the_thread_of_the_async_orm_holds_up_no_upkeep(store):
    job = await add.aenqueue(1)
    await aborts.request([job.id])
    go_on = threading.Event()
    held = asyncio.create_task(sync_to_async(go_on.wait)(10))
    await asyncio.sleep(0)
    try:
        await asyncio.wait_for(cancel_aborted(store), 5)
    finally:
        go_on.set()
        await held
    assert (await Job.objects.aget(id=job.id)).status == Status.CANCELLED


async def test_only_the_leader_keeps_up(store, monkeypatch):
    monkeypatch.setattr(upkeep, "EVERY_SECONDS", 0)
    monkeypatch.setattr(upkeep, "PRUNE_EVERY_SECONDS", 0)
    monkeypatch.setattr(prune, "options", lambda: replace(options(), keep_seconds=0.001))
    job = await add.aenqueue(1)
    await Job.objects.filter(id=job.id).aupdate(status=Status.SUCCESSFUL, finished_at=job.enqueued_at)
    await Upkeep("leader", store).turn()
    await queues.apause("email")
    await client.redis().srem("handoff:paused", "arq:queue:email")
    other = Upkeep("another", store)
    await other.turn()
    await other.prune()
    assert (await pauses.known(), await Job.objects.acount()) == (set(), 1)
    leader = Upkeep("leader", store)
    await leader.turn()
    await leader.prune()
    assert (await pauses.known(), await Job.objects.acount()) == ({"arq:queue:email"}, 0)
