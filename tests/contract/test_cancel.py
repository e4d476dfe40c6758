"""Cancelling jobs, on every kind of store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.utils import timezone

from jobs.broker import aborts
from jobs.broker.ready import unknown
from jobs.errors import AlreadyEnded, JobNotFound
from jobs.lifecycle.cancel import acancel, asked_to_end, cancel
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from tests.claims import claim
from tests.contract.steps import (
    assert_events_are_numbered_without_gaps,
    end,
    new_job,
    started,
    statuses,
    stored,
)
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")

TOMORROW = timedelta(days=1)


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.DEFERRED, Status.READY])
def test_a_job_that_waits_is_cancelled_at_once_and_never_starts(status):
    job = new_job()
    Job.objects.filter(id=job.id).update(status=status)
    cancelled = cancel(job.id)
    assert (cancelled.status, cancelled.attempt) == (Status.CANCELLED, 0)
    assert start([str(job.id)], "w1").jobs == []
    job.refresh_from_db()
    assert job.finished_at is not None
    assert job.events.order_by("-seq")[0].data["reason"] == "cancelled on request"
    assert_events_are_numbered_without_gaps(job)


async def test_redis_forgets_a_cancelled_job():
    waiting, deferred = (
        await add.aenqueue(1),
        await add.using(run_after=timezone.now() + TOMORROW).aenqueue(1),
    )
    for job in (waiting, deferred):
        await acancel(job.id)
    assert await unknown("default", [waiting.id, deferred.id]) == [waiting.id, deferred.id]
    assert (await claim("default", "w1", 5)).leases == []


async def test_a_job_that_was_claimed_in_the_meantime_is_left_to_its_worker():
    job = await add.aenqueue(1)
    [lease] = (await claim("default", "w1", 5)).leases
    await acancel(job.id)
    assert await unknown("default", [lease.job_id]) == [], "whoever holds the lease gives it back"


async def test_a_running_job_is_asked_to_end_and_asking_again_changes_nothing(store):
    job = await sync_to_async(lambda: started(new_job()))()
    first = await acancel(job.id)
    again = await acancel(job.id)
    assert (first.status, first.seq) == (Status.RUNNING, job.seq)
    assert again.cancel_requested_at == first.cancel_requested_at
    assert await aborts.requested([str(job.id)]) == {str(job.id)}
    assert [asked.id for asked in await sync_to_async(asked_to_end)()] == [job.id]


@pytest.mark.parametrize("outcome", [Status.DEFERRED, Status.READY])
def test_a_job_whose_end_was_asked_for_does_not_go_back_to_waiting(outcome):
    job = started(new_job(max_attempts=5))
    cancel(job.id)
    [event] = end(job, outcome, pause=timedelta(minutes=1), error={"message": "busy"}, reason="busy")
    assert (event.data["status"], event.data["reason"]) == ("cancelled", "cancelled on request")
    row = stored(job)
    assert row.status == job.status == Status.CANCELLED
    assert row.finished_at == job.finished_at is not None
    assert row.errors == [{"message": "busy"}], "how the last attempt went is kept"
    assert_events_are_numbered_without_gaps(stored(job))


@pytest.mark.parametrize("outcome", [Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED])
def test_an_attempt_that_comes_to_an_end_before_it_is_told_says_how(outcome):
    job = started(new_job())
    cancel(job.id)
    end(job, outcome)
    assert stored(job).status == outcome


def test_a_lost_worker_s_job_whose_end_was_asked_for_is_not_run_again():
    job = started(new_job())
    cancel(job.id)
    assert start([str(job.id)], "w2").jobs == []
    assert statuses(job) == ["ready", "running", "cancelled"]
    assert_events_are_numbered_without_gaps(stored(job))


@pytest.mark.parametrize("status", [Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED])
def test_an_ended_job_can_t_be_cancelled(status):
    job = started(new_job())
    end(job, status)
    with pytest.raises(AlreadyEnded, match=f"{job.id} has ended as {status}"):
        cancel(job.id)
    assert statuses(job) == ["ready", "running", str(status)]


def test_a_job_that_is_not_there_can_t_be_cancelled():
    with pytest.raises(JobNotFound):
        cancel(uuid4())


def test_a_cancel_in_a_transaction_that_fails_did_not_happen():
    job = new_job()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cancel(job.id)
        1 / 0  # noqa: B018
    assert started(job).status == Status.RUNNING


def test_of_a_start_and_a_cancel_at_the_same_moment_one_comes_first(store):
    """Either it was cancelled and did not start, or it started and was asked to end."""

    def together(verb, gate):
        try:
            gate.wait(10)
            return verb()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        for _ in range(10):
            job, gate = new_job(), Barrier(2)
            starting = threads.submit(together, lambda job=job: start([str(job.id)], "w1").jobs, gate)
            cancelling = threads.submit(together, lambda job=job: cancel(job.id), gate)
            was_started, after = bool(starting.result(20)), cancelling.result(20)
            assert stored(job).status == after.status
            assert after.status == (Status.RUNNING if was_started else Status.CANCELLED)
            assert bool(stored(job).cancel_requested_at) == was_started
