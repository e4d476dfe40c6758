import asyncio
import threading

import pytest

from jobs.worker.threads import Threads


@pytest.fixture
def threads():
    threads = Threads(2)
    yield threads
    threads.close()


async def test_a_thread_that_nobody_waits_for_is_counted_until_it_ends(threads):
    may_end = threading.Event()
    waiting = asyncio.create_task(threads.call(may_end.wait))
    await asyncio.sleep(0.02)
    assert threads.overrunning == 0
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert threads.overrunning == 1
    may_end.set()
    async with asyncio.timeout(5):
        while threads.overrunning:
            await asyncio.sleep(0.01)


async def test_a_result_and_an_error_come_through(threads):
    assert await threads.call(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await threads.call(lambda: 1 / 0)
