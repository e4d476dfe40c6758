"""Plain arq coroutines in our worker: no row, and arq's own rules."""

import asyncio

import pytest
from arq import Retry
from arq.jobs import JobStatus
from arq.worker import func

from jobs.models import Job
from jobs.worker.loop import Worker
from tests.worker.working import work_off

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_plain_coroutine_runs_without_a_row(stock):
    seen = []

    async def double(ctx, a, *, b):
        seen.append((ctx["job_id"], ctx["job_try"], ctx["lent"]))
        return (a + b) * 2

    asked = await stock.enqueue_job("double", 1, b=2)
    await work_off(functions=[func(double, name="double")], ctx={"lent": "by the user"})
    assert await asked.result(timeout=1) == 6
    assert seen == [(asked.job_id, 1, "by the user")]
    assert not await Job.objects.aexists()
    left = {key.decode() for key in await stock.keys("arq:*")}
    assert left == {f"arq:result:{asked.job_id}"}


async def test_a_plain_coroutine_that_asks_for_another_try_gets_it(stock):
    tries = []

    async def flaky(ctx):
        tries.append(ctx["job_try"])
        if len(tries) < 3:
            raise Retry(defer=0.01)
        return len(tries)

    asked = await stock.enqueue_job("flaky")
    await work_off(functions=[func(flaky, name="flaky")])
    assert (await asked.result(timeout=1), tries) == (3, [1, 2, 3])


async def test_a_plain_coroutine_gets_no_more_tries_than_arq_gives_it(stock):
    tries = []

    async def never(ctx):
        tries.append(ctx["job_try"])
        raise Retry

    asked = await stock.enqueue_job("never")
    await work_off(functions=[func(never, name="never", max_tries=2)])
    assert (tries, (await asked.result_info()).success) == ([1, 2], False)


async def test_a_plain_coroutine_whose_workers_died_of_it_is_not_started_for_ever(stock):
    ran = []

    async def deadly(ctx):
        ran.append(ctx["job_try"])

    asked = await stock.enqueue_job("deadly")
    await stock.set(f"arq:retry:{asked.job_id}", 2)  # two workers began it, and said nothing more
    await work_off(functions=[func(deadly, name="deadly", max_tries=2)])
    info = await asked.result_info()
    assert (ran, info.success, "2 tries" in str(info.result)) == ([], False, True)


async def test_a_plain_coroutine_s_error_is_its_result(stock):
    async def broken(ctx):
        raise ValueError("so it is")

    asked = await stock.enqueue_job("broken")
    await work_off(functions=[func(broken, name="broken")])
    with pytest.raises(Exception, match="so it is"):
        await asked.result(timeout=1)


async def test_a_plain_coroutine_that_is_handed_back_uses_up_no_try(stock, settings):
    options = {**settings.TASKS["default"]["OPTIONS"], "grace_seconds": 0}
    settings.TASKS = {"default": {**settings.TASKS["default"], "OPTIONS": options}}
    tries, begun = [], asyncio.Event()

    async def slow(ctx):
        tries.append(ctx["job_try"])
        begun.set()
        if len(tries) == 1:
            await asyncio.sleep(60)

    asked = await stock.enqueue_job("slow")
    worker = Worker(handle_signals=False, functions=[func(slow, name="slow")])
    running = asyncio.create_task(worker.async_run())
    await asyncio.wait_for(begun.wait(), 10)
    worker._stopping.set()
    await asyncio.wait_for(running, 10)
    assert await asked.status() == JobStatus.queued
    await work_off(functions=[func(slow, name="slow")])
    assert (tries, await asked.status()) == ([1, 1], JobStatus.complete)
