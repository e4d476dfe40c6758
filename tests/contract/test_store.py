"""Threads of their own for SQL."""

import pytest
from django.db import OperationalError, connection

from jobs.models import Job
from jobs.store import ReadThread, StoreThread


@pytest.fixture(params=[StoreThread, ReadThread])
async def thread(request, store):
    thread = request.param()
    yield thread
    await thread.close()


def drop_connection():
    """As a server does that restarts; who uses it next finds out."""
    if connection.vendor == "sqlite":
        pytest.skip("its connections lead to no server")
    connection.ensure_connection()
    kept = connection.connection
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert connection.connection is kept


async def test_only_what_reads_is_called_again_on_a_new_connection(thread):
    await thread(drop_connection)
    if isinstance(thread, ReadThread):
        assert await thread(Job.objects.count) == 0
    else:
        with pytest.raises(OperationalError):
            await thread(Job.objects.count)
        assert await thread(Job.objects.count) == 0


async def test_what_fails_on_a_connection_that_holds_is_told(thread):
    calls = []

    def fail():
        calls.append(connection.connection)
        raise OperationalError("The database is away.")

    with pytest.raises(OperationalError):
        await thread(fail)
    assert calls == [None], "it had no connection that could have been dropped"
