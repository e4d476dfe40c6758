"""What ended attempts came to is recorded, whatever goes wrong on the way."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import DataError

from jobs.broker import client, keys
from jobs.broker.leases import Lease
from jobs.lifecycle.finish import Outcome
from jobs.lifecycle.finish import finish as really_finish
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from jobs.store import StoreThread
from jobs.worker import outbox as module
from jobs.worker import telling
from jobs.worker.attempt import Attempt
from jobs.worker.outbox import Outbox
from jobs.worker.voice import Voice
from tests.sample_tasks import add
from tests.worker.running import Listener, running_attempt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def outbox():
    store = StoreThread()
    outbox = Outbox(store)
    writing = asyncio.create_task(forever(outbox))
    yield outbox
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await store.close()


async def forever(outbox):
    while True:
        await outbox.write_outcomes()


async def again(attempt: Attempt, worker: str) -> Attempt:
    """The same job, started anew by another worker, as when the first one's lease has run out."""
    job_id = str(attempt.job.id)
    lease = Lease(job_id, "default", f"{worker}:9")
    await client.redis().set(keys.IN_PROGRESS + job_id, lease.token)
    newer = Attempt(job=(await sync_to_async(start)([job_id], worker)).jobs[0], lease=lease)
    newer.voice = Voice(newer.job, Listener())
    return newer


def success(value=3):
    return Outcome(status=Status.SUCCESSFUL, return_value=value)


async def test_one_outcome_that_the_store_refuses_fails_alone(outbox, monkeypatch):
    def refuse_some(ends):
        ends = list(ends)
        if any(outcome.return_value == "poison" for _, outcome in ends):
            raise DataError("no such value")
        return really_finish(ends)

    monkeypatch.setattr(module, "finish", refuse_some)
    good, bad = await running_attempt(add, 1), await running_attempt(add, 1)
    recorded = await asyncio.wait_for(
        asyncio.gather(outbox.record(good, success()), outbox.record(bad, success("poison"))), 10
    )
    assert recorded == [True, True]
    assert (await Job.objects.aget(id=good.job.id)).status == Status.SUCCESSFUL
    failed = await Job.objects.aget(id=bad.job.id)
    assert (failed.status, failed.errors[-1]["message"]) == (Status.FAILED, "no such value")


async def test_a_zombie_is_told_so_and_the_newer_attempt_stays_in_the_queue(outbox):
    zombie = await running_attempt(add, 1)
    newer = await again(zombie, "w2")
    later = Outcome(status=Status.DEFERRED, pause=timedelta(minutes=1))
    assert await asyncio.wait_for(outbox.record(newer, later), 10)
    assert not await asyncio.wait_for(outbox.record(zombie, success()), 10)
    assert await client.redis().zscore("arq:queue", str(zombie.job.id)) is not None
    assert await client.redis().get(f"arq:result:{zombie.job.id}") is None


async def test_two_attempts_of_one_job_in_one_batch_are_told_apart(outbox):
    zombie = await running_attempt(add, 1)
    newer = await again(zombie, "w2")
    futures = [outbox.record(zombie, success("stale")), outbox.record(newer, success("fresh"))]
    assert await asyncio.wait_for(asyncio.gather(*futures), 10) == [False, True]
    assert (await Job.objects.aget(id=newer.job.id)).return_value == "fresh"


async def test_a_zombie_that_goes_on_here_drowns_no_progress_of_the_newer_attempt(outbox, monkeypatch):
    monkeypatch.setattr(telling, "PROGRESS_EVERY_SECONDS", 0)
    older = await running_attempt(add, 1)
    newer = await again(older, "w1")
    for attempt in (older, newer):
        attempt.voice = Voice(attempt.job, outbox.telling)
    older.voice.close()
    newer.voice.progress(0.5, "newer")
    older.voice.progress(0.1, "older")
    await asyncio.wait_for(outbox.telling.write_progress(), 5)
    assert (await Job.objects.aget()).progress_text == "newer"
