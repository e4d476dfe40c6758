"""An attempt ends in time, whatever its task does: at its limits, on request, and when the worker stops."""

import asyncio
import contextlib
from contextlib import asynccontextmanager
from datetime import timedelta
from signal import Signals

import pytest
from arq.jobs import Job as ArqJob
from django.utils import timezone

from jobs.broker import aborts, client, keys
from jobs.broker.envelope import loads
from jobs.models import Job
from jobs.status import Status
from jobs.store import StoreThread
from jobs.worker import attempt as module
from jobs.worker.attempt import Fate
from jobs.worker.cancels import cancel_aborted
from jobs.worker.engine import Engine
from jobs.worker.loop import Worker
from tests import stubborn_tasks
from tests.stubborn_tasks import may_end

pytestmark = pytest.mark.django_db(transaction=True)

#: What docs/guarantees.md promises of telling a running job that it is cancelled.
TOLD = timedelta(seconds=2)

STUBBORN = [stubborn_tasks.refuse_to_end, stubborn_tasks.refuse_to_end_in_thread]


@pytest.fixture(autouse=True)
def _none_may_end_yet():
    may_end.clear()
    yield
    may_end.set()


@pytest.fixture
def _short_grace(monkeypatch):
    for fate in Fate:
        monkeypatch.setitem(module.GRACE, fate, 0.1)


@pytest.fixture
async def engine(monkeypatch):
    """That of a worker which runs meanwhile."""
    async with running_worker(monkeypatch) as (engine, _):
        yield engine


@asynccontextmanager
async def running_worker(monkeypatch):
    engines = []
    enter = Engine.__aenter__

    async def enter_and_tell(self):
        engines.append(self)
        return await enter(self)

    monkeypatch.setattr(Engine, "__aenter__", enter_and_tell)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    await until(lambda: engines)
    yield engines[0], worker
    may_end.set()
    worker.handle_sig(Signals.SIGTERM)
    await asyncio.wait_for(running, 20)


async def until(condition) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


async def reached(job_id: str, *statuses: Status) -> Job:
    async with asyncio.timeout(15):
        while True:
            job = await Job.objects.aget(id=job_id)
            if job.status in statuses:
                return job
            await asyncio.sleep(0.01)


async def end_of(task, *args) -> Job:
    return await reached((await task.aenqueue(*args)).id, Status.SUCCESSFUL, Status.FAILED)


async def started(task) -> str:
    job_id = (await task.aenqueue()).id
    await reached(job_id, Status.RUNNING)
    return str(job_id)


def error_of(job: Job) -> str:
    return str(job.errors[-1]["exception_class_path"])


async def test_a_coroutine_may_clean_up_at_its_soft_limit(engine):
    job = await end_of(stubborn_tasks.clean_up)
    assert (job.status, job.return_value) == (Status.SUCCESSFUL, "cleaned up")


async def test_a_soft_limit_that_goes_through_is_an_error_of_the_task_s_own_line(engine):
    job = await end_of(stubborn_tasks.heed_no_warning)
    assert (job.status, error_of(job)) == (Status.FAILED, "jobs.errors.SoftTimeout")
    assert "await asyncio.sleep(60)" in job.errors[-1]["traceback"]


async def test_the_hard_limit_comes_after_a_soft_one_that_was_shrugged_off(engine):
    assert error_of(await end_of(stubborn_tasks.shrug_off_a_warning)) == "jobs.errors.TimedOut"


@pytest.mark.parametrize("task", [stubborn_tasks.look_out_in_thread, stubborn_tasks.look_out_in_process])
async def test_others_find_their_context_cancelled_at_the_soft_limit(engine, task):
    job = await end_of(task)
    assert (job.status, job.return_value) == (Status.SUCCESSFUL, "told")


@pytest.mark.usefixtures("_short_grace")
@pytest.mark.parametrize("task", STUBBORN)
async def test_a_task_that_goes_on_after_its_limit_is_recorded_and_keeps_its_slot_until_it_ends(
    engine, task, caplog
):
    job = await end_of(task.using(timeout=timedelta(milliseconds=50)))
    assert error_of(job) == "jobs.errors.TimedOut"
    await until(lambda: not engine.attempts)
    assert engine.free_slots == engine.slots - 1
    assert f"Job {job.id} ({job.task_path}) was told to end and goes on" in caplog.text
    may_end.set()
    await until(lambda: engine.free_slots == engine.slots)
    assert (await Job.objects.aget(id=job.id)).status == Status.FAILED, "its late return changes nothing"


async def test_a_process_is_killed_at_its_limit_and_its_slot_is_free(engine):
    job = await end_of(stubborn_tasks.refuse_to_end_in_process.using(timeout=timedelta(milliseconds=50)))
    assert error_of(job) == "jobs.errors.TimedOut"
    await until(lambda: engine.free_slots == engine.slots)


@pytest.mark.parametrize("task", [stubborn_tasks.obey, stubborn_tasks.obey_in_thread])
async def test_a_running_job_is_told_within_two_seconds_that_it_is_cancelled(engine, task):
    job_id = await started(task)
    async with asyncio.timeout(TOLD.total_seconds()):
        await aborts.request([job_id])
        await reached(job_id, Status.CANCELLED)


@pytest.mark.usefixtures("_short_grace")
@pytest.mark.parametrize("task", [*STUBBORN, stubborn_tasks.refuse_to_end_in_process])
async def test_a_cancelled_job_that_goes_on_is_recorded_after_the_grace(store, engine, task):
    job_id = await started(task)
    await aborts.request([job_id])
    job = await reached(job_id, Status.CANCELLED)
    assert (job.errors, job.return_value) == ([], None)
    event = await job.events.alatest("seq")
    assert event.data["reason"] == "cancelled on request"
    await until(lambda: not engine.attempts)
    assert await client.redis().zcard(keys.ABORT) == 0
    may_end.set()
    await until(lambda: engine.free_slots == engine.slots)


async def test_a_stock_arq_client_aborts_a_running_job(engine):
    job_id = await started(stubborn_tasks.obey)
    arq_job = ArqJob(job_id, client.redis(), _deserializer=loads)
    assert await arq_job.abort(timeout=5, poll_delay=0.05)
    with pytest.raises(asyncio.CancelledError):
        await arq_job.result()
    await reached(job_id, Status.CANCELLED)


@pytest.mark.parametrize("task", [*STUBBORN, stubborn_tasks.refuse_to_end_in_process])
async def test_a_task_that_will_not_end_does_not_keep_its_job_from_being_handed_back(
    monkeypatch, settings, task
):
    options = {**settings.TASKS["default"]["OPTIONS"], "grace_seconds": 0}
    settings.TASKS = {"default": {**settings.TASKS["default"], "OPTIONS": options}}
    async with running_worker(monkeypatch) as (_, worker):
        job_id = await started(task)
        async with asyncio.timeout(2):
            worker.handle_sig(Signals.SIGTERM)
            job = await reached(job_id, Status.READY)
        assert (job.attempt, job.starts) == (0, 1)
        worker._stopping.clear()
    assert await client.redis().zscore("arq:queue", job_id) < 0


async def test_a_stock_arq_client_aborts_a_waiting_job(store):
    later = timezone.now() + timedelta(hours=1)
    waiting, other = [(await stubborn_tasks.obey.using(run_after=later).aenqueue()).id for _ in range(2)]
    with contextlib.suppress(TimeoutError):
        await ArqJob(waiting, client.redis(), _deserializer=loads).abort(timeout=0, poll_delay=0)
    await aborts.request(["no-such-job"])
    thread = StoreThread()
    await cancel_aborted(thread)
    await thread.close()
    assert (await Job.objects.aget(id=waiting)).status == Status.CANCELLED
    assert (await Job.objects.aget(id=other)).status == Status.DEFERRED


@pytest.mark.parametrize("task", [stubborn_tasks.leave_python, stubborn_tasks.leave_python_in_thread])
async def test_a_task_that_exits_fails_and_its_worker_goes_on(engine, task):
    assert error_of(await end_of(task)) == "builtins.SystemExit"


@pytest.mark.parametrize(
    "task",
    [stubborn_tasks.raise_what_is_no_exception, stubborn_tasks.raise_what_is_no_exception_in_thread],
)
async def test_a_task_that_raises_what_is_no_exception_fails_with_it(engine, task):
    assert error_of(await end_of(task)) == "tests.stubborn_tasks.Odd"


async def test_a_coroutine_that_is_cancelled_from_within_has_failed(engine):
    job = await end_of(stubborn_tasks.cancel_what_it_awaits)
    assert job.errors[-1]["message"] == "The task was cancelled from within."


async def test_progress_takes_no_memory_from_a_child_that_is_limited(engine):
    job = await end_of(stubborn_tasks.report_and_fill_memory)
    assert job.status == Status.SUCCESSFUL, job.errors


async def test_progress_from_a_child_process_comes_at_most_ten_times_a_second(engine):
    job = await end_of(stubborn_tasks.say_much_in_process)
    told = [event.data["text"] async for event in job.events.filter(kind="progress").order_by("seq")]
    assert job.status == Status.SUCCESSFUL, job.errors
    assert "1999" in told, "what was said last before a silence is told in it"
    assert told[-1] == "3999"
    assert len(told) <= 12
