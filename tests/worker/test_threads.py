import threading

import pytest
from django.db import connection, connections

from jobs.worker.threads import Threads


@pytest.fixture
def threads():
    threads = Threads(2)
    yield threads
    threads.close()


async def test_a_result_and_an_error_come_through(threads):
    assert await threads.call(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await threads.call(lambda: 1 / 0)


async def test_closing_waits_for_no_thread(threads):
    may_end = threading.Event()
    running = threads._pool.submit(may_end.wait)
    threads.close()
    assert not running.done()
    may_end.set()


@pytest.mark.django_db(transaction=True)
async def test_a_thread_s_connection_is_closed_at_the_end(threads):
    def use():
        connection.ensure_connection()
        return connections["default"]

    assert (await threads.call(use)).connection is None
