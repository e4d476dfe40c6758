"""During a deploy some workers do not know a task yet: its jobs wait for one that does, at no cost to them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.rules.unknown import GIVEN_UP_AFTER, MAX_PAUSE, MIN_PAUSE, pause_after
from jobs.status import Status
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")


def unknown_job(**changes) -> Job:
    job_id = add.enqueue(1).id
    Job.objects.filter(id=job_id).update(task_path="shop.tasks.new", **changes)
    return Job.objects.get(id=job_id)


def test_a_job_of_an_unknown_task_is_put_off_and_not_started():
    job, known = unknown_job(), add.enqueue(2)
    started = start([str(job.id), known.id], "w1")
    assert [row.broker_id for row in started.jobs] == [known.id]
    assert [(each.job.id, each.pause) for each in started.put_off] == [(job.id, MIN_PAUSE)]
    job = Job.objects.get(id=job.id)
    assert (job.status, job.starts, job.attempt, job.seq) == (Status.READY, 0, 0, 1)
    assert job.unknown_at is not None


def test_a_worker_that_knows_the_task_starts_it_and_the_wait_is_forgotten():
    job = unknown_job()
    start([str(job.id)], "old")
    Job.objects.filter(id=job.id).update(task_path=add.module_path)
    [row] = start([str(job.id)], "new").jobs
    assert (row.attempt, Job.objects.get(id=job.id).unknown_at) == (1, None)


@pytest.mark.parametrize("seconds_left, status", [(1, Status.READY), (-1, Status.FAILED)])
def test_it_fails_with_that_reason_only_after_a_set_time(seconds_left, status):
    job = unknown_job(unknown_at=timezone.now() - GIVEN_UP_AFTER + timedelta(seconds=seconds_left))
    started = start([str(job.id)], "w1")
    job = Job.objects.get(id=job.id)
    assert (job.status, len(started.put_off)) == (status, int(status == Status.READY))
    if status == Status.FAILED:
        assert job.errors[-1]["exception_class_path"] == "jobs.errors.UnknownTask"
        assert "shop.tasks.new" in job.errors[-1]["message"]
        assert started.events[-1].data["reason"] == "no worker knows its task"


def test_a_long_backlog_does_not_count_as_waiting_for_a_worker_that_knows_it():
    job = unknown_job(enqueued_at=timezone.now() - 2 * GIVEN_UP_AFTER)
    start([str(job.id)], "w1")
    assert Job.objects.get(id=job.id).status == Status.READY


def test_it_is_offered_less_often_the_longer_it_waits():
    assert pause_after(timedelta(0)) == MIN_PAUSE
    assert pause_after(timedelta(minutes=1)) == timedelta(seconds=15)
    assert pause_after(timedelta(minutes=10)) == MAX_PAUSE


def test_a_task_in_a_module_that_nothing_imported_yet_is_found(tmp_path, monkeypatch):
    (tmp_path / "found_late.py").write_text(
        "from django.tasks import task\n\n\n@task\nasync def late() -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    job = unknown_job()
    Job.objects.filter(id=job.id).update(task_path="found_late.late")
    assert [row.id for row in start([str(job.id)], "w1").jobs] == [job.id]


def test_a_task_that_has_moved_is_found_where_its_old_module_imports_it(tmp_path, monkeypatch):
    (tmp_path / "moved_from.py").write_text("from tests.sample_tasks import add\n")
    monkeypatch.syspath_prepend(tmp_path)
    job = unknown_job()
    Job.objects.filter(id=job.id).update(task_path="moved_from.add")
    assert [row.id for row in start([str(job.id)], "w1").jobs] == [job.id]


def test_a_module_that_breaks_when_it_is_imported_keeps_no_other_job_from_starting(tmp_path, monkeypatch):
    (tmp_path / "breaks.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    job, known = unknown_job(), add.enqueue(2)
    Job.objects.filter(id=job.id).update(task_path="breaks.task")
    started = start([str(job.id), known.id], "w1")
    assert [row.broker_id for row in started.jobs] == [known.id]
    assert [each.job.id for each in started.put_off] == [job.id]
