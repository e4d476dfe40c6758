"""No attempt starts after its job's deadline, on every kind of store."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.lifecycle import expire
from jobs.lifecycle.expire import expire_passed
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from tests.contract.steps import assert_events_are_numbered_without_gaps, end, new_job, started, statuses

pytestmark = pytest.mark.usefixtures("store")

HOUR = timedelta(hours=1)
PASSED = "jobs.errors.DeadlinePassed"


def too_late(**using):
    job = new_job(**using)
    Job.objects.filter(id=job.id).update(deadline_at=timezone.now())
    return Job.objects.get(id=job.id)


def test_it_counts_from_the_later_of_enqueue_and_run_after():
    job = new_job(deadline=HOUR)
    assert job.deadline_at == job.enqueued_at + HOUR
    past, later = timezone.now() - HOUR, timezone.now() + HOUR
    assert new_job(deadline=HOUR, run_after=later).deadline_at == later + HOUR
    job = new_job(deadline=HOUR, run_after=past)
    assert job.deadline_at == job.enqueued_at + HOUR
    assert new_job().deadline_at is None


def test_one_that_no_clock_will_show_is_none():
    job = new_job(deadline=HOUR, run_after=datetime.max.replace(tzinfo=UTC))
    assert job.deadline_at is None


def test_a_job_starts_before_its_deadline():
    assert started(new_job(deadline=HOUR)).status == Status.RUNNING


def test_a_ready_job_is_not_started_after_its_deadline():
    job = too_late()
    result = start([str(job.id)], "w1")
    assert (result.jobs, result.put_off) == ([], [])
    job.refresh_from_db()
    assert (job.status, job.attempt, job.starts) == (Status.FAILED, 0, 0)
    assert (job.errors[-1]["exception_class_path"], job.errors[-1]["worker_id"]) == (PASSED, "")
    assert statuses(job) == ["ready", "failed"]
    assert "had to start by" in result.events[-1].data["reason"]
    assert_events_are_numbered_without_gaps(job)


def test_a_lost_worker_s_job_is_not_started_again_after_its_deadline():
    job = started(new_job(deadline=HOUR))
    Job.objects.filter(id=job.id).update(deadline_at=timezone.now())
    assert start([str(job.id)], "w2").jobs == []
    assert statuses(job) == ["ready", "running", "ready", "failed"]


def test_a_running_job_may_end_after_its_deadline():
    job = started(new_job(deadline=HOUR))
    Job.objects.filter(id=job.id).update(deadline_at=timezone.now() - HOUR)
    assert expire_passed() == ([], [])
    end(job, Status.SUCCESSFUL)
    assert Job.objects.get(id=job.id).status == Status.SUCCESSFUL


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.DEFERRED, Status.READY])
def test_the_sweep_fails_what_has_waited_too_long(status):
    job, other = too_late(), new_job(deadline=HOUR)
    Job.objects.filter(id=job.id).update(status=status)
    jobs, events = expire_passed()
    assert [expired.id for expired in jobs] == [job.id]
    job.refresh_from_db()
    assert (job.status, job.errors[-1]["exception_class_path"]) == (Status.FAILED, PASSED)
    assert [event.data["status"] for event in events] == ["ready", "failed"][status == Status.READY :]
    assert_events_are_numbered_without_gaps(job)
    assert statuses(other) == ["ready"]
    assert expire_passed() == ([], [])


def test_the_sweep_takes_so_many_at_once_and_no_more(monkeypatch):
    monkeypatch.setattr(expire, "MAX_BATCH", 2)
    for _ in range(3):
        too_late()
    assert [len(expire_passed()[0]) for _ in range(3)] == [2, 1, 0]


def test_the_sweep_finds_them_by_their_index(store):
    """However many jobs wait without a deadline."""
    with connection.cursor() as cursor:
        if store == "postgresql":
            cursor.execute("SET enable_seqscan = off")
        plan = expire.passed(timezone.now()).explain()
        if store == "postgresql":
            cursor.execute("RESET enable_seqscan")
    assert "job_deadline" in plan
