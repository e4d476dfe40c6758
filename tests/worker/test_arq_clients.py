"""A stock arq client and our worker: it enqueues by name, and reads status and result with arq's own `Job`."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest
from arq.connections import ArqRedis
from arq.jobs import Job as ArqJob
from arq.jobs import JobStatus
from arq.worker import Worker as StockWorker
from arq.worker import func
from asgiref.sync import sync_to_async
from django.utils import timezone

from jobs.broker.calls import Call, pack
from jobs.broker.envelope import dumps, loads
from jobs.lifecycle.adopt import adopt, adopted
from jobs.models import Job
from jobs.rules.milliseconds import unix_ms
from jobs.rules.unknown import GIVEN_UP_AFTER
from jobs.status import Status
from jobs.worker.loop import Worker
from jobs.worker.stock import functions as all_functions
from tests import sample_tasks
from tests.worker.working import work_off

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "tests.sample_tasks.add"


@pytest.mark.parametrize("job_id", [None, "my own id", "0198c000-0000-7000-8000-000000000000"])
async def test_a_call_of_a_task_becomes_a_job_and_its_result_is_read_in_redis(stock, job_id):
    asked = await stock.enqueue_job(ADD, 1, b=4, _job_id=job_id)
    assert await asked.status() == JobStatus.queued
    await work_off()
    assert (await asked.status(), await asked.result(timeout=1)) == (JobStatus.complete, 5)
    job = await Job.objects.aget()
    assert (job.arq_id, job.status, job.return_value, job.args) == (asked.job_id, Status.SUCCESSFUL, 5, [1])
    events = [event.data["status"] async for event in job.events.order_by("seq")]
    assert events == ["ready", "running", "successful"]


async def test_a_call_by_a_task_s_public_name_works_too(stock):
    asked = await stock.enqueue_job("sample.typed", rows=3)
    await work_off()
    assert (await asked.result_info()).success
    assert (await Job.objects.aget()).kwargs == {"rows": 3}


async def test_a_client_may_use_its_id_again_once_the_result_is_gone(stock):
    for number in (1, 2):
        asked = await stock.enqueue_job(ADD, number, _job_id="daily")
        await work_off()
        assert await asked.result(timeout=1) == number + 2
        await stock.delete("arq:result:daily")
    assert await Job.objects.acount() == 2


async def test_a_call_whose_end_redis_did_not_hear_of_does_not_run_again(stock):
    """A worker died between the commit and its answer to Redis."""
    asked = await stock.enqueue_job("tests.sample_tasks.note", "once", _job_id="x")
    envelope = await stock.get("arq:job:x")
    sample_tasks.ran.clear()
    await work_off()
    await stock.delete("arq:result:x")
    await stock.set("arq:job:x", envelope)
    await stock.zadd("arq:queue", {"x": 1})
    await work_off()
    assert sample_tasks.ran == ["once"]
    assert await asked.status() == JobStatus.not_found


async def test_a_call_is_adopted_once():
    call = Call(f=ADD, a=[1], k={}, et=1_700_000_000_000)
    rows = [adopted(sample_tasks.add, call, arq_id="x", queue="default") for _ in range(2)]
    assert len(await sync_to_async(adopt)(rows[:1])) == 1
    assert await sync_to_async(adopt)(rows[1:]) == []
    assert await Job.objects.acount() == 1


async def test_a_failed_task_s_result_is_an_error(stock):
    asked = await stock.enqueue_job("tests.sample_tasks.fail")
    await work_off()
    info = await asked.result_info()
    assert not info.success
    with pytest.raises(Exception, match="as asked"):
        await asked.result(timeout=1)


async def test_arguments_that_do_not_fit_are_answered_with_that_sentence(stock):
    asked = await stock.enqueue_job(ADD, 1, nonsense=2)
    await work_off()
    info = await asked.result_info()
    assert (info.success, "nonsense" in str(info.result)) == (False, True)
    assert not await Job.objects.aexists()


@pytest.mark.parametrize("name", [ADD, "double", "unknown"])
async def test_a_call_from_no_time_that_there_is_keeps_no_other_from_running(stock, name):
    async def double(ctx): ...

    broken = await stock.enqueue_job(name, _job_id="broken")
    await stock.set("arq:job:broken", dumps({"t": None, "f": name, "a": [], "k": {}, "et": 10**18}))
    sound = await stock.enqueue_job(ADD, 1)
    await work_off(functions=[func(double, name="double"), *all_functions()])
    assert (await sound.result(timeout=1), (await broken.result_info()).success) == (3, False)


async def test_an_id_that_no_row_can_hold_is_answered_with_an_error_and_keeps_no_other_from_running(stock):
    too_long = await stock.enqueue_job(ADD, 1, _job_id="x" * 201)
    sound = await stock.enqueue_job(ADD, 1)
    await work_off()
    assert (await sound.result(timeout=1), (await too_long.result_info()).success) == (3, False)


async def test_a_pickled_call_is_never_loaded(stock, caplog):
    asked = await ArqRedis(stock.connection_pool).enqueue_job(ADD, 1)
    await work_off()
    assert "no JSON in arq's form" in caplog.text
    answered = json.loads(await stock.get(f"arq:result:{asked.job_id}"))
    assert answered["s"] is False
    assert "job_serializer" in answered["r"]


async def test_a_call_of_an_unknown_function_waits_for_a_worker_that_knows_it(stock):
    async def late(ctx, a):
        return a

    asked = await stock.enqueue_job("late", 7)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    async with asyncio.timeout(5):
        while await asked.status() != JobStatus.deferred:
            await asyncio.sleep(0.01)
    worker._stopping.set()
    await running
    assert await asked.result_info() is None
    await stock.zadd("arq:queue", {asked.job_id: 1})
    await work_off(functions=[func(late, name="late")])
    assert await asked.result(timeout=1) == 7


async def turned_away(stock, call: Call) -> ArqJob:
    """A call that a worker has looked at, and put off."""
    asked: ArqJob = await stock.enqueue_job(call.f, _job_id="x")
    await stock.set("arq:job:x", pack(call))
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    async with asyncio.timeout(5):
        while await asked.status() == JobStatus.queued:
            await asyncio.sleep(0.01)
    worker._stopping.set()
    await running
    return asked


async def test_a_call_that_was_put_off_is_still_what_arq_s_client_and_worker_read(stock):
    asked = await turned_away(stock, Call(f="late", a=[7], k={}, et=unix_ms(timezone.now())))
    info = await asked.info()
    assert (info.function, info.args, info.job_try) == ("late", [7], None)


async def test_the_time_that_a_call_waited_for_its_turn_is_not_held_against_it(stock):
    """It was deferred, or its queue was long or paused: the first worker to look at it may be an old one."""
    long_ago = unix_ms(timezone.now() - 2 * GIVEN_UP_AFTER)
    asked = await turned_away(stock, Call(f="late", a=[], k={}, et=long_ago))
    assert await asked.status() == JobStatus.deferred


async def test_a_call_that_no_worker_knows_for_long_is_answered_with_an_error(stock):
    asked = await stock.enqueue_job("nowhere", _job_id="x")
    long_ago = unix_ms(timezone.now() - GIVEN_UP_AFTER - timedelta(seconds=1))
    await stock.set("arq:job:x", pack(Call(f="nowhere", a=[], k={}, et=long_ago, u=long_ago)))
    await work_off()
    info = await asked.result_info()
    assert (info.success, "nowhere" in str(info.result)) == (False, True)


async def test_a_stock_worker_beside_ours_steals_nothing_that_is_leased(stock):
    """Both on the same queue, with plain functions of the same name; each job runs once."""
    ran = []

    async def both(ctx, number):
        ran.append(number)
        await asyncio.sleep(0.02)

    for number in range(60):
        await stock.enqueue_job("both", number)
    functions = [func(both, name="both")]
    theirs = StockWorker(
        functions,
        redis_pool=stock,
        burst=True,
        handle_signals=False,
        poll_delay=0.01,
        job_serializer=dumps,
        job_deserializer=loads,
        max_jobs=5,
    )
    await asyncio.gather(theirs.async_run(), work_off(functions=functions, max_jobs=5))
    assert sorted(ran) == list(range(60))


async def test_a_stock_client_can_abort_a_job_that_runs_here(stock, caplog):
    caplog.set_level(logging.ERROR)
    asked = await stock.enqueue_job("tests.sample_tasks.linger", 30.0)
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    async with asyncio.timeout(10):
        while not await Job.objects.filter(status=Status.RUNNING).aexists():  # claimed is not yet started
            await asyncio.sleep(0.01)
    assert await asked.status() == JobStatus.in_progress
    assert await asked.abort(timeout=10)
    assert (await Job.objects.aget()).status == Status.CANCELLED
    worker._stopping.set()
    await running


async def test_arq_s_job_finds_one_of_ours_by_its_id(stock):
    result = await sample_tasks.add.aenqueue(1)
    theirs = ArqJob(result.id, stock, _deserializer=loads)
    assert await theirs.status() == JobStatus.queued
    await work_off()
    assert await theirs.result(timeout=1) == 3
