"""Trying ended jobs again by hand, on every kind of store."""

from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from jobs.broker import aborts
from jobs.errors import JobNotFound, NotEnded
from jobs.lifecycle.cancel import cancel
from jobs.lifecycle.retry import aretry, retry
from jobs.lifecycle.start import MAX_WORKER_DEATHS, start
from jobs.models import Job
from jobs.status import Status
from tests.claims import claim
from tests.contract.steps import assert_events_are_numbered_without_gaps, end, new_job, started, statuses
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.parametrize("status", [Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED])
def test_any_end_becomes_ready_with_one_more_attempt(status):
    job = started(new_job())
    end(job, status, return_value=5, error={"message": "no"})
    retried = retry(job.id)
    assert retried.events.order_by("-seq")[0].data == {
        "status": "ready",
        "attempt": 1,
        "max_attempts": 2,
        "reason": "retried by hand",
    }
    stored = Job.objects.get(id=job.id)
    assert (stored.status, stored.return_value, stored.finished_at) == (Status.READY, None, None)
    assert (stored.progress, stored.errors, stored.started_at) == (0, [{"message": "no"}], job.started_at)
    again = started(stored, "w2")
    assert (again.attempt, again.max_attempts, again.starts) == (2, 2, 2)
    assert_events_are_numbered_without_gaps(stored)


def test_attempts_that_were_left_are_left():
    job = started(new_job(max_attempts=3))
    end(job, Status.FAILED)
    assert retry(job.id).max_attempts == 3


def test_a_job_that_was_cancelled_before_its_time_runs_now():
    job = new_job(run_after=timezone.now() + timedelta(days=1), deadline=timedelta(seconds=1))
    cancel(job.id)
    retry(job.id)
    again = started(job)
    assert (again.status, again.attempt, again.max_attempts) == (Status.RUNNING, 1, 1)
    assert (again.run_after, again.deadline_at) == (None, None)


def test_an_old_request_to_end_does_not_end_the_new_attempt():
    job = started(new_job())
    cancel(job.id)
    end(job, Status.CANCELLED)
    retry(job.id)
    again = started(job)
    end(again, Status.DEFERRED)
    assert Job.objects.get(id=job.id).status == Status.DEFERRED


async def test_redis_knows_the_job_again_and_no_request_to_end_it():
    job = await sync_to_async(lambda: started(new_job()))()
    await sync_to_async(end)(job, Status.CANCELLED)
    await aborts.request([str(job.id)])  # told late
    await aretry(job.id)
    assert await aborts.requested([str(job.id)]) == set()
    assert str(job.id) in {lease.job_id for lease in (await claim("default", "w1", 5)).leases}


def test_worker_deaths_are_counted_anew():
    job = new_job()
    for number in range(MAX_WORKER_DEATHS):
        started(job, f"w{number}")
    start([str(job.id)], "last")
    assert retry(job.id).worker_deaths == 0
    started(job, "v1")
    assert started(job, "v2").status == Status.RUNNING, "the first death since"


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.DEFERRED, Status.READY, Status.RUNNING])
def test_a_job_that_has_not_ended_can_t_be_retried(status):
    job = new_job()
    Job.objects.filter(id=job.id).update(status=status)
    with pytest.raises(NotEnded, match=f"is {status}"):
        retry(job.id)
    assert statuses(job) == ["ready"]


def test_a_job_that_is_not_there_can_t_be_retried():
    with pytest.raises(JobNotFound):
        retry(uuid4())


async def test_a_retried_job_is_found_by_its_result():
    result = await add.aenqueue(1)
    job = await sync_to_async(lambda: started(Job.objects.get(id=result.id)))()
    await sync_to_async(end)(job, Status.SUCCESSFUL, return_value=3)
    await aretry(result.id)
    await result.arefresh()
    assert result.status == "READY"
