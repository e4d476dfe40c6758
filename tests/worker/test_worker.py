"""A worker in this process, on real Redis and real SQL: from an enqueued call to its recorded end."""

import asyncio
import json
import logging
import os
from datetime import timedelta
from signal import Signals

import pytest
from django.db import OperationalError
from django.tasks.signals import task_finished, task_started
from django.utils import timezone

from jobs.broker import client, keys
from jobs.conf import options
from jobs.lifecycle.finish import finish
from jobs.models import Event, Job
from jobs.status import Status
from jobs.worker import outbox
from jobs.worker.loop import Worker
from tests import sample_tasks
from tests.sample_tasks import ran

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()


async def work_off() -> Worker:
    """Runs a worker until nothing is left to do."""
    worker = Worker(burst=True, handle_signals=False)
    await asyncio.wait_for(worker.async_run(), 30)
    return worker


async def run_to_end(task, *args, **kwargs) -> Job:
    result = await task.aenqueue(*args, **kwargs)
    await work_off()
    return await Job.objects.aget(id=result.id)


async def statuses(job: Job) -> list[str]:
    return [event.data["status"] async for event in job.events.filter(kind="status").order_by("seq")]


async def test_a_coroutine_function_runs_on_the_loop():
    job = await run_to_end(sample_tasks.add, 1, b=4)
    assert (job.status, job.return_value, job.attempt) == (Status.SUCCESSFUL, 5, 1)
    assert await statuses(job) == ["ready", "running", "successful"]


async def test_a_function_runs_in_a_thread_with_a_connection_of_its_own():
    job = await run_to_end(sample_tasks.where)
    assert job.return_value["thread"].startswith("task")
    assert job.return_value["process"] == os.getpid()


async def test_a_thread_s_connection_is_closed_when_its_task_has_ended():
    await run_to_end(sample_tasks.keep_connection)
    [kept] = ran
    assert kept.connection is None


async def test_a_function_can_run_in_a_child_process():
    job = await run_to_end(sample_tasks.in_process)
    assert job.status == Status.SUCCESSFUL, job.errors
    assert job.return_value["process"] != os.getpid()
    assert await job.events.filter(kind="progress", data__fraction=0.5).aexists()


async def test_a_child_that_needs_too_much_memory_fails_alone():
    job = await run_to_end(sample_tasks.hog)
    assert job.errors[-1]["exception_class_path"] == "jobs.errors.OutOfMemory"


async def test_a_child_that_dies_is_a_failed_attempt():
    job = await run_to_end(sample_tasks.die)
    assert (job.status, job.errors[-1]["message"]) == (
        Status.FAILED,
        "The child process was killed by SIGKILL.",
    )


async def test_a_child_goes_on_though_all_processes_are_told_to_stop():
    first, second = [await run_to_end(sample_tasks.be_told_to_stop) for _ in range(2)]
    assert (first.status, second.status) == (Status.SUCCESSFUL, Status.SUCCESSFUL), first.errors
    assert first.return_value == second.return_value, "they come from the same process"


async def test_a_failing_task_is_tried_again_until_its_attempts_are_used_up():
    job = await run_to_end(sample_tasks.fail, "as asked")
    assert (job.status, job.attempt, len(job.worker_ids)) == (Status.FAILED, 3, 3)
    assert [error["attempt"] for error in job.errors] == [1, 2, 3]
    assert job.errors[0]["message"] == "as asked"
    assert "raise ValueError(message)" in job.errors[0]["traceback"]


async def test_a_task_that_fails_once_ends_well():
    job = await run_to_end(sample_tasks.fail_once)
    assert (job.status, job.return_value, len(job.errors)) == (Status.SUCCESSFUL, 2, 1)


async def test_invalid_input_is_not_tried_again():
    job = await run_to_end(sample_tasks.refuse)
    assert (job.status, job.attempt) == (Status.FAILED, 1)
    assert job.errors[-1]["message"] == "Expected a cat, got a dog; send a cat."


@pytest.mark.parametrize(
    "task, said",
    [
        (sample_tasks.wrong_backoff, "the real error"),
        (sample_tasks.wrong_backoff, "must answer a timedelta or None, got 5"),
        (sample_tasks.wrong_snooze, "`after` must be a timedelta, got 5"),
        (sample_tasks.untellable, "Untellable.__str__ failed"),
    ],
)
async def test_a_mistake_in_how_a_task_fails_is_recorded_with_its_real_error(task, said):
    job = await run_to_end(task)
    assert (job.status, job.starts, job.worker_deaths) == (Status.FAILED, 1, 0)
    assert said in job.errors[-1]["message"] + job.errors[-1]["traceback"]


async def test_a_reason_that_no_store_takes_as_it_is_is_written_out():
    result = await sample_tasks.snooze_with_nul.aenqueue()
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    await until(result.id, Status.DEFERRED)
    worker.handle_sig(Signals.SIGTERM)
    await asyncio.wait_for(running, 10)
    event = await Event.objects.filter(job=result.id).order_by("-seq").afirst()
    assert event.data["reason"] == "a\\0b \\ud800"


async def test_a_job_that_its_own_worker_claims_anew_runs_once_from_then_on():
    """The lease ran out unnoticed, as when the process was stopped for a while."""
    result = await sample_tasks.linger.aenqueue(1.0)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    await until(result.id, Status.RUNNING)
    await client.redis().delete(keys.IN_PROGRESS + result.id)
    await client.redis().zadd("arq:queue", {result.id: 1})
    await until(result.id, Status.SUCCESSFUL)
    worker.handle_sig(Signals.SIGTERM)
    await asyncio.wait_for(running, 10)
    job = await Job.objects.aget(id=result.id)
    assert (job.starts, job.worker_deaths, job.attempt) == (2, 1, 1)
    assert await statuses(job) == ["ready", "running", "ready", "running", "successful"]


async def test_a_task_is_told_the_trace_that_its_job_belongs_to():
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traced = await run_to_end(sample_tasks.where_it_came_from.using(traceparent=trace))
    untraced = await run_to_end(sample_tasks.where_it_came_from)
    assert (traced.return_value, untraced.return_value) == (trace, "")


async def test_a_snooze_uses_no_attempt():
    job = await run_to_end(sample_tasks.snooze_once)
    assert (job.status, job.return_value, job.attempt, job.starts) == (Status.SUCCESSFUL, 1, 1, 2)


async def test_a_task_can_ask_for_its_retry():
    job = await run_to_end(sample_tasks.retry_soon)
    assert (job.status, job.return_value, job.attempt) == (Status.SUCCESSFUL, "at last", 2)


async def test_a_task_can_cancel_its_own_job():
    job = await run_to_end(sample_tasks.cancel_itself)
    assert (job.status, job.errors) == (Status.CANCELLED, [])


@pytest.mark.parametrize(
    "task", [sample_tasks.overrun, sample_tasks.overrun_in_thread, sample_tasks.overrun_in_process]
)
async def test_an_attempt_that_overruns_its_time_limit_fails(task):
    job = await run_to_end(task)
    assert (job.status, job.errors[-1]["exception_class_path"]) == (Status.FAILED, "jobs.errors.TimedOut")


async def test_a_call_s_own_time_limit_wins_over_the_task_s():
    job = await run_to_end(sample_tasks.linger.using(timeout=timedelta(milliseconds=30)), 5.0)
    assert job.errors[-1]["exception_class_path"] == "jobs.errors.TimedOut"


async def test_a_result_that_is_not_json_is_recorded_as_such_and_the_job_is_successful():
    job = await run_to_end(sample_tasks.return_object)
    assert job.status == Status.SUCCESSFUL
    assert "is of type object" in job.return_value["unstorable"].lower()


async def test_the_size_of_results_is_limited():
    most = options().max_result_bytes - 2
    assert (await run_to_end(sample_tasks.return_much, most)).return_value == "x" * most
    assert (
        "more than 262144"
        in (await run_to_end(sample_tasks.return_much, most + 1)).return_value["unstorable"]
    )


async def test_progress_is_told_while_the_task_runs():
    job = await run_to_end(sample_tasks.step)
    told = [event.data["text"] async for event in job.events.filter(kind="progress").order_by("seq")]
    assert told == ["step 0", "step 1", "step 2"]


async def test_what_a_task_says_just_before_its_end_is_told():
    job = await run_to_end(sample_tasks.say_much)
    told = [event.data["text"] async for event in job.events.filter(kind="progress").order_by("seq")]
    assert told[-1] == "999", "of many reports in a short time the last is kept"
    assert len(told) < 5


async def test_a_higher_priority_runs_first():
    for priority in (0, 50, -50):
        await sample_tasks.note.using(priority=priority).aenqueue(priority)
    worker = Worker(burst=True, handle_signals=False, max_jobs=1)
    await asyncio.wait_for(worker.async_run(), 30)
    assert ran == [50, 0, -50]


async def test_a_deferred_job_runs_when_it_is_due():
    due = timezone.now() + timedelta(milliseconds=300)
    job = await run_to_end(sample_tasks.add.using(run_after=due), 1)
    assert job.status == Status.SUCCESSFUL
    assert timedelta(0) <= job.started_at - due < timedelta(milliseconds=500)


async def test_all_queues_of_the_backend_are_worked_off():
    for queue in ("default", "reports", "email"):
        await sample_tasks.note.using(queue_name=queue).aenqueue(queue)
    await work_off()
    assert sorted(ran) == ["default", "email", "reports"]


async def test_django_s_signals_are_sent():
    seen = []

    def receive(sender, task_result, signal, **_):
        seen.append((signal, task_result.status))

    for signal in (task_started, task_finished):
        signal.connect(receive)
    try:
        await run_to_end(sample_tasks.add, 1)
    finally:
        for signal in (task_started, task_finished):
            signal.disconnect(receive)
    assert seen == [(task_started, "RUNNING"), (task_finished, "SUCCESSFUL")]


async def test_a_finished_job_leaves_only_its_result_in_redis_in_arq_s_form():
    job = await run_to_end(sample_tasks.add, 1)
    left = {key.decode() async for key in client.redis().scan_iter("arq:*")}
    assert left == {f"arq:result:{job.id}"}
    stored = json.loads(await client.redis().get(f"arq:result:{job.id}"))
    assert (stored["s"], stored["r"], stored["f"]) == (True, 3, "tests.sample_tasks.add")


async def test_a_stopped_worker_hands_its_jobs_back_and_no_attempt_is_used(monkeypatch, settings):
    settings.TASKS = {
        "default": {
            **settings.TASKS["default"],
            "OPTIONS": {**settings.TASKS["default"]["OPTIONS"], "grace_seconds": 0.1},
        }
    }
    result = await sample_tasks.linger.aenqueue(60.0)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    await until(result.id, Status.RUNNING)
    worker.handle_sig(Signals.SIGTERM)
    await asyncio.wait_for(running, 10)
    job = await Job.objects.aget(id=result.id)
    assert (job.status, job.attempt, job.starts, job.worker_deaths) == (Status.READY, 0, 1, 0)
    assert await statuses(job) == ["ready", "running", "ready"]
    assert await client.redis().zscore("arq:queue", result.id) < 0, "another worker may have it at once"


async def test_a_running_job_whose_lease_is_taken_ends_without_a_record(caplog):
    result = await sample_tasks.linger.aenqueue(60.0)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    await until(result.id, Status.RUNNING)
    await client.redis().set(keys.IN_PROGRESS + result.id, "another worker:1")
    with caplog.at_level(logging.WARNING, "jobs.worker.heartbeat"):
        async with asyncio.timeout(10):
            while "Another worker has the lease" not in caplog.text:
                await asyncio.sleep(0.05)
    worker.handle_sig(Signals.SIGTERM)
    await asyncio.wait_for(running, 10)
    job = await Job.objects.aget(id=result.id)
    assert (job.status, job.starts) == (Status.RUNNING, 1), "the row is the other worker's now"


async def until(job_id: str, status: Status) -> None:
    async with asyncio.timeout(10):
        while not await Job.objects.filter(id=job_id, status=status).aexists():
            await asyncio.sleep(0.02)


async def test_a_queue_never_has_more_slots_than_its_limit(settings):
    options = {**settings.TASKS["default"]["OPTIONS"], "queues": {"reports": {"max_slots": 2}}}
    settings.TASKS = {"default": {**settings.TASKS["default"], "OPTIONS": options}}
    limited, other = (sample_tasks.crowd.using(queue_name=name) for name in ("reports", "email"))
    await limited.aenqueue_many({"name": "reports"} for _ in range(7))
    await other.aenqueue_many({"name": "email"} for _ in range(7))
    await work_off()
    assert sample_tasks.most["reports"] == 2
    assert sample_tasks.most["email"] > 2
    assert await Job.objects.filter(status=Status.SUCCESSFUL).acount() == 14


async def test_while_outcomes_can_not_be_recorded_no_more_than_as_many_again_are_run(monkeypatch):
    away, tries = True, 0

    def refuse_at_first(*arguments):
        nonlocal tries
        tries += 1
        if away:
            raise OperationalError("gone")
        return finish(*arguments)

    monkeypatch.setattr(outbox, "finish", refuse_at_first)
    await sample_tasks.note.aenqueue_many({"value": n} for n in range(12))
    worker = Worker(burst=True, handle_signals=False, max_jobs=3)
    running = asyncio.create_task(worker.async_run())
    async with asyncio.timeout(20):
        while tries < 5:
            await asyncio.sleep(0.01)
    assert await Job.objects.filter(starts=1).acount() == len(ran) == 6
    away = False
    await asyncio.wait_for(running, 20)
    assert await Job.objects.filter(status=Status.SUCCESSFUL, starts=1).acount() == 12


async def test_a_deferred_job_starts_when_it_is_due_to_the_order_of_milliseconds():
    """A stock arq worker would look every half a second; the bound leaves room for a busy machine."""
    due = [timezone.now() + timedelta(milliseconds=700 + 137 * number) for number in range(7)]
    for moment in due:
        await sample_tasks.note.using(run_after=moment).aenqueue()
    await work_off()
    jobs = [job async for job in Job.objects.order_by("run_after")]
    late = sorted((job.started_at - job.run_after).total_seconds() for job in jobs)
    assert late[0] >= -0.001  # Redis counts whole milliseconds
    assert late[3] < 0.05, late
