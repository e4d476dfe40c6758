"""The verbs that change jobs, on every kind of store."""

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs.errors import LeaseOver
from jobs.lifecycle.finish import Outcome, Progress, finish, record_progress
from jobs.lifecycle.start import MAX_WORKER_DEATHS, start
from jobs.lifecycle.tell import Said, tell
from jobs.models import Event, EventKind, Job
from jobs.status import Status
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


def test_an_enqueued_job_is_a_ready_row_with_its_first_event():
    job = new_job()
    assert (job.status, job.seq, job.attempt, job.args, job.kwargs) == (Status.READY, 1, 0, [1], {})
    assert statuses(job) == ["ready"]


def test_a_job_with_a_later_start_is_deferred():
    assert new_job(run_after=timezone.now() + timedelta(minutes=1)).status == Status.DEFERRED


def test_a_job_exists_only_if_the_transaction_around_it_commits():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add.enqueue(1)
        1 / 0  # noqa: B018
    assert not Job.objects.exists()
    assert not Event.objects.exists()


def test_a_start_makes_an_attempt_and_moves_the_fence():
    job = started(new_job())
    assert (job.status, job.attempt, job.starts, job.worker_ids) == (Status.RUNNING, 1, 1, ["w1"])
    assert job.started_at == job.last_attempted_at
    assert statuses(job) == ["ready", "running"]


def test_an_ended_or_unknown_job_is_not_started():
    job = started(new_job())
    end(job, Status.SUCCESSFUL, return_value=3)
    result = start([str(job.id), "0198c000-0000-7000-8000-000000000000", "no-uuid"], "w2")
    assert (result.jobs, result.put_off, result.events) == ([], [], [])


def test_a_job_that_is_claimed_too_early_waits_on():
    job = new_job(run_after=timezone.now() + timedelta(minutes=1))
    result = start([str(job.id)], "w1")
    assert (result.jobs, [each.job.id for each in result.put_off]) == ([], [job.id])
    assert statuses(job) == ["deferred"]


def test_a_success_keeps_the_value_and_says_so_once():
    job = started(new_job())
    events = end(job, Status.SUCCESSFUL, return_value={"sum": [1, None]})
    ended = Job.objects.get(id=job.id)
    assert (ended.status, ended.return_value, ended.progress) == (Status.SUCCESSFUL, {"sum": [1, None]}, 1)
    assert ended.finished_at is not None
    assert [event.seq for event in events] == [3]
    assert_events_are_numbered_without_gaps(job)


def test_a_failure_that_is_tried_again_waits_out_its_pause():
    job = started(new_job(max_attempts=2))
    before = timezone.now()
    end(job, Status.DEFERRED, pause=timedelta(minutes=5), error={"message": "no"})
    job = stored(job)
    assert (job.status, job.attempt, job.errors) == (Status.DEFERRED, 1, [{"message": "no"}])
    assert job.run_after >= before + timedelta(minutes=5)
    assert job.finished_at is None


def test_an_attempt_that_is_given_back_does_not_count_but_moves_the_fence():
    job = started(new_job())
    end(job, Status.READY, counts=False)
    job = stored(job)
    assert (job.status, job.attempt, job.starts, job.worker_ids) == (Status.READY, 0, 1, [])
    again = started(job, "w2")
    assert (again.attempt, again.starts, again.worker_ids) == (1, 2, ["w2"])


def test_a_zombie_s_finish_is_not_recorded():
    zombie = started(new_job())
    started(zombie, "w2")  # claimed anew, because the first worker's lease ran out
    assert end(zombie, Status.SUCCESSFUL, return_value="stale") == []
    assert zombie.status == Status.RUNNING, "nor does the zombie's copy say so"
    current = Job.objects.get(id=zombie.id)
    assert (current.status, current.return_value) == (Status.RUNNING, None)


def test_a_zombie_s_progress_is_not_recorded():
    zombie = started(new_job())
    started(zombie, "w2")
    assert record_progress([Progress(job=zombie, fraction=0.9, text="stale")]) == []


def test_what_a_zombie_says_is_not_recorded_and_what_the_winner_says_beside_it_is():
    zombie = started(new_job())
    winner = started(zombie, "w2")
    told = tell(
        Said(job.id, job.starts, EventKind.CHUNK, timezone.now(), {"value": value})
        for job, value in [(zombie, "stale"), (winner, "a"), (zombie, "stale"), (winner, "b")]
    )
    assert [event.data["value"] for event in told] == ["a", "b"]
    assert list(Event.objects.filter(kind="chunk").values_list("seq", "data__value")) == [(5, "a"), (6, "b")]
    assert_events_are_numbered_without_gaps(winner)


def test_a_second_finish_of_the_same_attempt_changes_nothing():
    job = started(new_job())
    end(job, Status.SUCCESSFUL, return_value=1)
    assert end(job, Status.FAILED) == []
    job = stored(job)
    assert (job.status, job.return_value, job.seq) == (Status.SUCCESSFUL, 1, 3)


def test_a_lost_worker_s_job_is_rescued_and_its_attempt_given_back():
    job = started(started(new_job(), "w1"), "w2")
    assert (job.attempt, job.starts, stored(job).worker_deaths, job.worker_ids) == (1, 2, 1, ["w2"])
    assert statuses(job) == ["ready", "running", "ready", "running"]
    assert_events_are_numbered_without_gaps(job)


def test_a_job_that_takes_three_workers_down_fails_with_that_reason():
    job = new_job(max_attempts=10)
    for number in range(MAX_WORKER_DEATHS):
        job = started(job, f"w{number}")
    assert start([str(job.id)], "last").jobs == []
    job = stored(job)
    assert (job.status, job.worker_deaths) == (Status.FAILED, MAX_WORKER_DEATHS)
    assert job.errors[-1]["exception_class_path"] == "jobs.errors.WorkerLost"
    assert "3 workers were lost" in job.errors[-1]["message"]


def test_progress_is_an_event_and_the_row_remembers_the_last():
    job = started(new_job())
    for fraction in (0.25, 0.5):
        record_progress([Progress(job=job, fraction=fraction, text="rows")])
    job = stored(job)
    assert (job.progress, job.progress_text, job.seq) == (0.5, "rows", 4)
    assert [event.data["fraction"] for event in job.events.filter(kind="progress").order_by("seq")] == [
        0.25,
        0.5,
    ]


def test_a_batch_finishes_each_job_in_its_own_way():
    ok, bad = started(new_job()), started(new_job())
    outcomes = [Outcome(status=Status.SUCCESSFUL, return_value=1), Outcome(status=Status.FAILED)]
    assert len(finish(zip([ok, bad], outcomes, strict=True))) == 2
    assert Job.objects.get(id=ok.id).status == ok.status == Status.SUCCESSFUL
    assert Job.objects.get(id=bad.id).status == bad.status == Status.FAILED


@pytest.mark.parametrize("value", [None, 0, "null", [], {"deep": [{"ünïcode": "☃"}]}, 2**62, 1.5, False])
def test_any_json_value_comes_back_as_it_was(value):
    job = started(new_job())
    end(job, Status.SUCCESSFUL, return_value=value)
    assert Job.objects.get(id=job.id).return_value == value


async def test_an_async_call_returns_when_the_row_is_committed():
    result = await add.aenqueue(1, b=3)
    job = await Job.objects.aget(id=result.id)
    assert (job.args, job.kwargs) == ([1], {"b": 3})


def test_a_claim_that_came_too_late_to_a_start_takes_the_job_from_nobody():
    """Its worker waited for a lock, or was stopped, for longer than its lease."""
    running, waiting = started(new_job(), "w2"), new_job()
    with pytest.raises(LeaseOver):
        start([str(running.id), str(waiting.id)], "w1", before=time.monotonic() - 1)
    assert (statuses(running), statuses(waiting)) == (["ready", "running"], ["ready"])
    assert Job.objects.get(id=running.id).worker_ids == ["w2"]


def test_a_task_s_own_statements_are_planned_as_usual(store):
    """Ours find rows by key alone; that must not slow down a query of somebody else's in the same transaction."""
    if store != "postgresql":
        pytest.skip("SQLite's plans are not steered")
    seen = []

    def look() -> None:
        with connection.cursor() as cursor:
            for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "cpu_tuple_cost"):
                cursor.execute(f"SHOW {setting}")
                seen.append(cursor.fetchone()[0])

    end(started(new_job()), Status.SUCCESSFUL, writes=(look,))
    assert seen == ["on", "on", "on", "0.01"]
