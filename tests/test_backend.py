"""What django.tasks documents, under our backend."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import transaction
from django.tasks import TaskResultStatus, default_task_backend, task
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist, TaskResultMismatch
from django.tasks.signals import task_enqueued
from django.test import override_settings
from django.utils import timezone

from jobs.backend import ArqBackend
from jobs.errors import InvalidArguments
from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from tests.sample_tasks import add, note

pytestmark = pytest.mark.django_db(transaction=True)


def module_level(**_: object) -> None: ...


def test_the_backend_supports_all_that_django_asks_about():
    backend = default_task_backend
    assert backend.supports_defer
    assert backend.supports_async_task
    assert backend.supports_get_result
    assert backend.supports_priority


def test_the_project_passes_django_s_checks():
    call_command("check", fail_level="WARNING", stderr=StringIO())


def test_a_result_is_read_back_with_all_that_was_asked_for():
    later = timezone.now() + timedelta(hours=1)
    result = add.using(priority=7, queue_name="reports", run_after=later).enqueue(1, b=2)
    again = add.get_result(result.id)
    assert (again.id, again.status, again.args, again.kwargs) == (
        result.id,
        TaskResultStatus.READY,
        [1],
        {"b": 2},
    )
    assert (again.task.priority, again.task.queue_name, again.task.run_after) == (7, "reports", later)
    assert (again.enqueued_at, again.started_at, again.attempts) == (result.enqueued_at, None, 0)


async def test_the_async_twins_do_the_same():
    result = await add.aenqueue(1)
    assert (await add.aget_result(result.id)).id == result.id
    await result.arefresh()
    assert result.status == TaskResultStatus.READY


def test_a_refresh_shows_the_end():
    result = add.enqueue(1)
    [job] = start([result.id], "w1").jobs
    result.refresh()
    assert (result.status, result.worker_ids) == (TaskResultStatus.RUNNING, ["w1"])
    finish([(job, Outcome(status=Status.SUCCESSFUL, return_value=3))])
    result.refresh()
    assert (result.status, result.return_value, result.is_finished) == (TaskResultStatus.SUCCESSFUL, 3, True)


def test_an_unknown_result_is_not_found():
    for unknown in ("0198c000-0000-7000-8000-000000000000", "nonsense"):
        with pytest.raises(TaskResultDoesNotExist):
            add.get_result(unknown)


def test_a_result_of_another_task_does_not_match():
    with pytest.raises(TaskResultMismatch):
        note.get_result(add.enqueue(1).id)


@pytest.fixture
def signals():
    """(sender, id of the job) of each."""
    seen = []
    receiver = lambda sender, task_result, **_: seen.append((sender, task_result.id))  # noqa: E731
    task_enqueued.connect(receiver)
    yield seen
    task_enqueued.disconnect(receiver)


def test_the_signal_is_sent_when_a_job_is_enqueued(signals):
    result = add.enqueue(1)
    assert signals == [(ArqBackend, result.id)]


async def test_the_signal_is_sent_when_a_job_is_enqueued_by_a_coroutine(signals):
    result = await add.aenqueue(1)
    assert signals == [(ArqBackend, result.id)]


@pytest.mark.parametrize("call", [add.enqueue, async_to_sync(add.aenqueue)])
def test_a_rolled_back_call_leaves_no_job(call):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        call(1)
        1 / 0  # noqa: B018
    assert not Job.objects.exists()


@pytest.mark.parametrize("call", [add.enqueue, async_to_sync(add.aenqueue)])
def test_redis_hears_of_a_job_only_when_the_transaction_commits(call, redis_sync):
    with transaction.atomic():
        result = call(1)
        assert redis_sync.zscore("arq:queue", result.id) is None
    assert redis_sync.zscore("arq:queue", result.id) is not None


def test_what_redis_holds_names_no_argument(redis_sync):
    result = add.enqueue(123456789)
    for key in redis_sync.keys("arq:job:*"):
        assert b"123456789" not in redis_sync.get(key)
    assert redis_sync.get(f"arq:job:{result.id}") is not None


@override_settings(
    TASKS={
        "default": {"BACKEND": "jobs.backend.ArqBackend", "OPTIONS": {"redis_url": "unix:///nowhere/x.sock"}}
    }
)
def test_a_job_is_accepted_while_redis_is_away(caplog):
    result = add.enqueue(1)
    assert Job.objects.get(id=result.id).status == Status.READY
    assert "Redis is away" in caplog.text


@pytest.mark.parametrize(
    "using, said",
    [
        ({"queue_name": "nowhere"}, "Queue 'nowhere' is not valid"),
        ({"priority": 101}, "whole number between -100 and 100"),
        ({"run_after": datetime(2027, 1, 1)}, "must be an aware datetime"),  # noqa: DTZ001
        ({"max_attempts": 0}, "max_attempts must be at least 1"),
        ({"timeout": timedelta(0)}, "timeout must be a positive timedelta"),
    ],
)
def test_wrong_options_of_a_call_are_refused(using, said):
    with pytest.raises(InvalidTask, match=said):
        add.using(**using)


@pytest.mark.parametrize("priority", [-100, 100])
def test_the_outermost_priorities_are_taken(priority):
    assert add.using(priority=priority).priority == priority


@pytest.mark.parametrize(
    "options, said",
    [
        ({"backoff": "sometimes"}, "backoff must be"),
        ({"executor": "fiber"}, "executor must be None or 'process'"),
        ({"max_memory": 1}, "max_memory needs executor='process'"),
        ({"expose": True}, "needs named parameters"),
        (
            {"soft_timeout": timedelta(0)},
            "soft_timeout must be a positive timedelta below the timeout of 0:05:00",
        ),
        ({"soft_timeout": timedelta(minutes=5)}, "soft_timeout must be"),
        ({"soft_timeout": timedelta(2), "timeout": timedelta(1)}, "below the timeout of 1 day"),
        ({"soft_timeout": 5}, "soft_timeout must be"),
    ],
)
def test_wrong_options_of_a_task_are_refused_when_it_is_defined(options, said):
    with pytest.raises(InvalidTask, match=said):
        task(**options)(module_level)


def test_wrong_arguments_store_nothing():
    with pytest.raises(InvalidArguments):
        add.enqueue()
    with pytest.raises(InvalidArguments, match=r"Argument \[0\] is of type datetime"):
        add.enqueue(datetime.now(UTC))
    assert not Job.objects.exists()


def test_a_task_can_be_pickled_and_called_directly():
    import pickle

    assert pickle.loads(pickle.dumps(add)) == add
    assert add.call(1, 2) == 3
