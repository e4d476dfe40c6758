"""What a task writes with commit_with() is there exactly if its success is."""

import asyncio
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from jobs.lifecycle.effects import WriteFailed
from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from jobs.worker.loop import Worker
from tests import effect_tasks as tasks
from tests.effect_tasks import effects_of
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")


async def run_to_end(task, *args, **kwargs) -> Job:
    result = await task.aenqueue(*args, **kwargs)
    await asyncio.wait_for(Worker(burst=True, handle_signals=False).async_run(), 30)
    return await Job.objects.aget(id=result.id)


@pytest.mark.parametrize(
    "task, count", [(tasks.from_a_coroutine, 2), (tasks.from_a_thread, 1)], ids=["coroutine", "thread"]
)
async def test_a_success_and_its_writes_are_recorded_together(task, count):
    job = await run_to_end(task)
    assert (job.status, job.return_value) == (Status.SUCCESSFUL, "done")
    assert await sync_to_async(effects_of)(job.id) == count
    statuses = [event.data["status"] async for event in job.events.filter(kind="status").order_by("seq")]
    assert statuses == ["ready", "running", "successful"]


async def test_a_child_process_hands_its_writes_to_the_worker():
    job = await run_to_end(tasks.from_a_child)
    assert (job.status, await sync_to_async(effects_of)(job.id)) == (Status.SUCCESSFUL, 1)


@pytest.mark.parametrize(
    "task, said",
    [
        (tasks.from_a_child_with_a_lambda, "takes what pickle can send"),
        (tasks.with_a_coroutine_function, "takes a plain function"),
    ],
)
async def test_what_can_not_be_called_there_is_refused_with_a_sentence(task, said):
    job = await run_to_end(task)
    assert job.status == Status.FAILED
    assert said in job.errors[-1]["message"]


async def test_a_task_that_raises_writes_nothing():
    job = await run_to_end(tasks.then_raise)
    assert (job.status, await sync_to_async(effects_of)(job.id)) == (Status.FAILED, 0)


async def test_a_refused_write_fails_the_attempt_and_the_retry_rule_decides():
    job = await run_to_end(tasks.refused_once)
    assert (job.status, job.return_value, job.attempt) == (Status.SUCCESSFUL, 2, 2)
    assert [error["message"] for error in job.errors] == ["not yet"]
    assert await sync_to_async(effects_of)(job.id) == 1


@pytest.mark.parametrize("how", ["raises", "swallows", "rolls back", "asks for nothing", "leaves"])
async def test_a_write_that_spoils_the_transaction_leaves_neither_effect_nor_success(how):
    job = await run_to_end(tasks.broken, how)
    assert (job.status, await sync_to_async(effects_of)(job.id)) == (Status.FAILED, 0)
    assert job.errors[-1]["message"]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_job_that_is_enqueued_there_exists_only_with_the_success(fails):
    job = await run_to_end(tasks.hand_on, fails)
    others = [other async for other in Job.objects.exclude(id=job.id)]
    if fails:
        assert (job.status, others) == (Status.FAILED, [])
    else:
        assert [(other.status, other.return_value) for other in others] == [(Status.SUCCESSFUL, 42)]


async def test_a_slow_write_holds_up_no_other_job(store):
    if store == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    slow = await tasks.write_slowly.aenqueue(1.5)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    await until(slow.id, Status.RUNNING)
    quick = [await add.aenqueue(number) for number in range(20)]
    for result in quick:
        await until(result.id, Status.SUCCESSFUL)
    assert (await Job.objects.aget(id=slow.id)).status == Status.RUNNING
    await until(slow.id, Status.SUCCESSFUL)
    worker.handle_sig(15)
    await asyncio.wait_for(running, 10)


def test_a_zombie_writes_nothing():
    job_id = add.enqueue(1).id
    [zombie] = start([job_id], "w1").jobs
    [newer] = start([job_id], "w2").jobs
    assert finish([(zombie, success(job_id))]) == []
    assert effects_of(job_id) == 0
    assert len(finish([(newer, success(job_id))])) == 1
    assert finish([(newer, success(job_id))]) == [], "nor does the winner, a second time"
    assert effects_of(job_id) == 1


def test_a_refused_write_leaves_the_job_running():
    def refuse() -> None:
        raise ValueError("no")

    job_id = add.enqueue(1).id
    [job] = start([job_id], "w1").jobs
    with pytest.raises(WriteFailed) as failed:
        finish([(job, Outcome(status=Status.SUCCESSFUL, writes=(refuse,)))])
    assert str(failed.value.__cause__) == "no"
    assert Job.objects.get(id=job_id).status == Status.RUNNING


def test_what_breaks_after_the_commit_takes_nothing_back(caplog):
    job_id = add.enqueue(1).id
    [row] = start([job_id], "w1").jobs
    after = partial(transaction.on_commit, partial(int, "no number"))
    [event] = finish([(row, Outcome(status=Status.SUCCESSFUL, writes=(after,)))])
    assert (event.data["status"], row.status) == (Status.SUCCESSFUL, Status.SUCCESSFUL)
    assert "no number" in caplog.text


def success(job_id: str) -> Outcome:
    return Outcome(status=Status.SUCCESSFUL, writes=(lambda: tasks.write(job_id),))


async def until(job_id: str, status: Status) -> None:
    async with asyncio.timeout(10):
        while not await Job.objects.filter(id=job_id, status=status).aexists():
            await asyncio.sleep(0.02)


async def test_a_connection_that_is_cut_in_the_middle_of_a_write_is_tried_anew(store):
    if store == "sqlite":
        pytest.skip("it has no connection that could be cut")
    job = await run_to_end(tasks.cut_the_connection, 1)
    assert (job.status, job.attempt, await sync_to_async(effects_of)(job.id)) == (Status.SUCCESSFUL, 1, 1)


async def test_one_that_is_cut_each_time_is_a_refused_write(store):
    if store == "sqlite":
        pytest.skip("it has no connection that could be cut")
    job = await run_to_end(tasks.cut_the_connection, 99)
    assert (job.status, await sync_to_async(effects_of)(job.id)) == (Status.FAILED, 0)
    assert job.errors[-1]["exception_class_path"] == "django.db.utils.OperationalError"
