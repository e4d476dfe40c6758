"""A loop that is held up is reported, with the job and the line."""

import asyncio
import inspect
import logging
import re
import time
from types import SimpleNamespace

import pytest

from jobs.worker import watch as module
from jobs.worker.attempt import current
from jobs.worker.watch import Watch
from tests import stubborn_tasks

JOB = SimpleNamespace(job=SimpleNamespace(id="j1", task_path="shop.pack"))


@pytest.fixture
async def watch(monkeypatch, caplog):
    """It takes a loop for held up after 0.2 s."""
    monkeypatch.setattr(module, "LOOK_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(module, "BLOCKED_SECONDS", 0.2)
    caplog.set_level(logging.WARNING, "jobs.worker.watch")
    watch = Watch()
    watch.start()
    await asyncio.sleep(0.1)
    yield watch
    watch.stop()


async def in_a_job(coroutine) -> None:
    current.set(JOB)
    await asyncio.create_task(coroutine)
    await asyncio.sleep(0.1)


async def test_a_loop_that_turns_is_not_reported(watch, caplog):
    await asyncio.sleep(0.4)
    assert caplog.text == ""
    assert watch.stuck_seconds < 0.2


async def test_a_block_is_told_once_with_the_job_and_the_line_and_then_how_long_it_was(watch, caplog):
    await in_a_job(stubborn_tasks.hold_up_everybody.func(0.6))
    line = inspect.getsourcelines(stubborn_tasks.hold_up_the_loop)[1] + 1
    told, over = [record.message for record in caplog.records]
    assert f"job j1 (shop.pack) holds it up at tests/stubborn_tasks.py:{line} in hold_up_the_loop" in told
    lasted = float(re.search(r"turns again; job j1 \(shop.pack\) held it up for ([\d.]+) s", over)[1])
    assert 0.4 <= lasted < 2
    assert watch.block is None


async def test_a_library_s_line_is_told_beside_the_task_s_own(watch, caplog):
    async def run_a_program():
        import subprocess

        subprocess.run(["sleep", "0.5"], check=True)

    await in_a_job(run_a_program())
    assert re.search(
        r"test_watch.py:\d+ in .*run_a_program, in /.*(subprocess|selectors).py:\d+ in", caplog.text
    )


async def test_a_task_that_a_job_has_started_is_the_job_s(watch, caplog):
    async def start_another():
        await asyncio.create_task(stubborn_tasks.hold_up_everybody.func(0.4))

    await in_a_job(start_another())
    assert "job j1 (shop.pack) holds it up at tests/stubborn_tasks.py" in caplog.text


async def test_what_is_no_job_is_told_as_what_it_is(watch, caplog):
    asyncio.get_running_loop().call_soon(time.sleep, 0.4)
    await asyncio.sleep(0.1)
    assert "a callback holds it up" in caplog.text


async def test_a_process_that_stood_still_blames_nobody(watch, caplog, monkeypatch):
    """As after SIGSTOP: the watch itself comes late."""
    monkeypatch.setattr(module, "LOOK_EVERY_SECONDS", 30)
    await asyncio.sleep(0.1)  # the thread sleeps from here on
    watch._asked_at = time.monotonic() - 5
    watch._answer()
    assert "did not turn for 5.0 s, and nothing else in this process did" in caplog.text
