"""What goes away under a socket."""

from contextlib import contextmanager

import pytest
from asgiref.sync import SyncToAsync
from django.db import OperationalError, connection


@pytest.fixture
def store_away():
    """Every question to the database fails, as while it restarts."""
    with without_store():
        yield


@contextmanager
def without_store():
    """The async ORM asks from one thread; its connection refuses meanwhile."""
    in_that_thread = SyncToAsync.single_thread_executor.submit
    in_that_thread(lambda: connection.execute_wrappers.append(refuse)).result(10)
    try:
        yield
    finally:
        in_that_thread(lambda: connection.execute_wrappers.remove(refuse)).result(10)


def refuse(*_):
    raise OperationalError("the database system is starting up")
