"""The same test on every kind of store: SQLite as on a laptop, PostgreSQL as in production."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from jobs.access.bearer import lookups
from jobs.api.jobs import reads
from jobs.lifecycle.intake import store as intake
from jobs.live.hub import reader
from project import env
from project.health import prober

#: Threads of this process that keep their connections.
KEPT = (intake, reader, lookups, reads)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, _default_store: None, transactional_db: None) -> Iterator[str]:
    """Runs the test once per kind of store, in real transactions, on empty tables. The value names the kind."""
    assert connection.vendor == request.param
    yield str(request.param)
    if request.node.get_closest_marker("django_db"):
        # It empties the tables when these are no longer the default ones.
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def _default_store(request: pytest.FixtureRequest) -> Iterator[None]:
    """Before the tables are emptied for the test, point Django at the right ones."""
    if request.node.callspec.params["store"] == "sqlite":
        yield
        return
    with default_database(request.getfixturevalue("_postgres_tables")):
        yield


@pytest.fixture(scope="session")
def _postgres_tables(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> dict[str, Any]:
    """The DATABASES entry of a migrated PostgreSQL database."""
    url = request.getfixturevalue("postgres").create_database()
    parsed = env.read({"DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY}).database
    entry: dict[str, Any] = connections.configure_settings({"default": parsed})["default"]
    with django_db_blocker.unblock(), default_database(entry):
        call_command("migrate", verbosity=0, interactive=False)
    return entry


@contextmanager
def default_database(entry: dict[str, Any]) -> Iterator[None]:
    """Every thread finds the database of `entry` as Django's default meanwhile."""
    before = connections.settings["default"]
    switch_to(entry)
    try:
        yield
    finally:
        switch_to(before)


def switch_to(entry: dict[str, Any]) -> None:
    connections.settings["default"] = entry
    # The async ORM and the probe run in threads that outlive the test; others end with their loop.
    for threads in (SyncToAsync.single_thread_executor, prober, *(each.thread for each in KEPT)):
        in_each(threads, forget_connection)
    forget_connection()
    forget_pool()


def in_each(threads: Any, do: Callable[[], object]) -> None:
    """Each of an executor's threads waits for the others to have begun, so that none does it twice."""
    count = threads._max_workers
    barrier = Barrier(count)
    for call in [threads.submit(lambda: (barrier.wait(10), do())) for _ in range(count)]:
        call.result(10)


def forget_pool() -> None:
    """Makes way for the pool of the new settings, and makes that at once.

    Pools are known by alias alone: a thread left over from a test would make it anew by the settings of its own.
    """
    if left_over := DatabaseWrapper._connection_pools.pop("default", None):  # type: ignore[attr-defined]
        left_over.close()
    getattr(connection, "pool", None)


def forget_connection() -> None:
    """This thread's next query opens a new connection, by the settings of that moment."""
    connection.close()
    if close_pool := getattr(connection, "close_pool", None):  # PostgreSQL's
        close_pool()
    del connections["default"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(session_folder: Path) -> None:
    """SQLite's test database is a file, as threads and processes of a test have to share it."""
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(session_folder / "test.sqlite3")
