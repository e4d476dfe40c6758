"""Enqueueing one, many and all at once, on both stores: accepted means stored."""

import asyncio
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs.broker import client
from jobs.errors import InvalidArguments
from jobs.lifecycle import enqueue, insert, intake
from jobs.models import Event, Job
from tests.claims import claim
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")


class Owner:
    """Somebody whom the store does not know."""

    pk = 4_000_000


async def claimed() -> set[str]:
    return {lease.job_id for lease in (await claim("default", "w", 1000)).leases}


@async_to_sync
async def claimed_from_sync_code() -> set[str]:
    try:
        return await claimed()
    finally:
        await client.close()


async def test_workers_are_told_though_the_caller_went_away_during_the_transaction(monkeypatch):
    began, go_on, told = threading.Event(), threading.Event(), asyncio.Event()
    announce = enqueue.announce

    def held_up(jobs):
        began.set()
        assert go_on.wait(5)
        return insert.insert(jobs)

    async def announcing(*args):
        await announce(*args)
        told.set()

    monkeypatch.setattr(enqueue, "insert", held_up)
    monkeypatch.setattr(enqueue, "announce", announcing)
    asking = asyncio.create_task(add.aenqueue_many([{"a": 1}]))
    await asyncio.to_thread(began.wait, 5)
    asking.cancel()
    await asyncio.wait({asking})
    go_on.set()
    await asyncio.wait_for(told.wait(), 5)
    assert await claimed() == {str((await Job.objects.aget()).id)}


async def test_calls_at_the_same_moment_share_a_transaction(monkeypatch):
    sizes = []

    def counted(jobs):
        sizes.append(len(jobs))
        return insert.insert(jobs)

    monkeypatch.setattr(intake, "insert", counted)
    results = await asyncio.gather(*(add.aenqueue(n) for n in range(100)))
    assert len({result.id for result in results}) == 100
    assert await Job.objects.acount() == await Event.objects.acount() == 100
    assert await claimed() == {result.id for result in results}
    assert sizes == [100]


async def test_the_intake_writes_no_more_at_once_than_its_batch(monkeypatch):
    sizes = []

    def counted(jobs):
        sizes.append(len(jobs))
        return insert.insert(jobs)

    monkeypatch.setattr(intake, "insert", counted)
    await asyncio.gather(*(add.aenqueue(n) for n in range(intake.MAX_BATCH + 1)))
    assert sizes == [intake.MAX_BATCH, 1]


async def test_one_job_that_can_not_be_stored_does_not_take_the_others_with_it():
    calls = [add.using(owner=Owner).aenqueue(0), *(add.aenqueue(n) for n in range(5))]
    refused, *results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(refused, IntegrityError)
    assert {str(job_id) async for job_id in Job.objects.values_list("id", flat=True)} == {
        r.id for r in results
    }


async def test_a_caller_that_is_gone_leaves_the_others_job_as_they_are():
    calls = [asyncio.create_task(add.aenqueue(n)) for n in range(3)]
    await asyncio.sleep(0)
    calls[0].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert {results[1].id, results[2].id} <= await claimed()


def test_an_async_call_in_sync_code_belongs_to_the_transaction_around_it():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        async_to_sync(add.aenqueue)(1)
        1 / 0  # noqa: B018
    assert not Job.objects.exists()


def test_many_jobs_are_one_transaction():
    rows = insert.MAX_ROWS + 1
    with CaptureQueriesContext(
        connection,
    ) as queries:
        results = add.enqueue_many({"a": n} for n in range(rows))
    assert Job.objects.count() == Event.objects.count() == rows
    assert [result.kwargs["a"] for result in results[:3]] == [0, 1, 2]
    statements = [query["sql"].split()[0] for query in queries]
    assert statements.count("BEGIN") == statements.count("COMMIT") == 1
    assert len(claimed_from_sync_code()) == rows


async def test_many_jobs_are_all_stored_or_none():
    with pytest.raises(InvalidArguments, match=r"argument: .a."):
        await add.aenqueue_many([{"a": 1}, {"c": 2}])
    assert not await Job.objects.aexists()
    with pytest.raises(IntegrityError):
        await add.using(owner=Owner).aenqueue_many([{"a": 1}, {"a": 2}])
    assert not await Job.objects.aexists()
    results = await add.aenqueue_many([{"a": 1}, {"a": 2}])
    assert await claimed() == {result.id for result in results}


def test_many_jobs_belong_to_the_transaction_around_them():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add.enqueue_many([{"a": 1}, {"a": 2}])
        1 / 0  # noqa: B018
    assert not Job.objects.exists()
    assert claimed_from_sync_code() == set()


async def test_no_jobs_are_no_jobs():
    assert await add.aenqueue_many([]) == []


async def test_what_is_stored_is_what_django_s_orm_reads():
    moment = datetime(2030, 5, 1, 12, 30, 15, 250_000, tzinfo=UTC).astimezone(tz=None)
    task = add.using(run_after=moment, priority=7, timeout=timedelta(seconds=1.5))
    result = await task.aenqueue(1, b=2)
    job = await Job.objects.aget(id=uuid.UUID(result.id))
    assert (job.args, job.kwargs, job.priority, job.timeout_seconds) == ([1], {"b": 2}, 7, 1.5)
    assert (job.run_after, job.enqueued_at, job.errors, job.workers) == (moment, result.enqueued_at, [], "")
    assert await Job.objects.filter(run_after=moment, enqueued_at=result.enqueued_at, kwargs__b=2).aexists()
    event = await sync_to_async(job.events.get)()
    assert (event.seq, event.at, event.data["status"]) == (1, job.enqueued_at, "deferred")
