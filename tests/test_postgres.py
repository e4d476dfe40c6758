"""PostgreSQL behind a network that falls silent, and one that takes no writes."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from jobs.patience import limit_everybody, patience
from project import postgres
from tests.chaos.proxy import Proxy

pytestmark = pytest.mark.postgres

PATIENCE_SECONDS = 0.3
#: More than that, and far less than for ever.
SOON_SECONDS = 5.0


@pytest.fixture
def proxy(postgres_url, request) -> Iterator[Proxy]:
    server = request.getfixturevalue("postgres")
    with Proxy(server.folder / ".s.PGSQL.5432") as proxy:
        yield proxy


@pytest.fixture
def pool(proxy, postgres_url, monkeypatch) -> Iterator[ConnectionPool[postgres.Connection]]:
    monkeypatch.setattr(postgres, "CHECK_SECONDS", PATIENCE_SECONDS)
    arguments: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": proxy.port,
        "user": "handoff",
        "dbname": postgres_url.rpartition("/")[2],
    }
    with ConnectionPool(
        kwargs=arguments, min_size=1, connection_class=postgres.Connection, check=postgres.check, open=True
    ) as pool:
        yield pool


def test_a_statement_that_is_not_answered_is_given_up(pool, proxy):
    with pool.connection() as connection:
        connection.execute("SELECT 1")
        proxy.silence()
        began = time.monotonic()
        with patience(PATIENCE_SECONDS), pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        assert time.monotonic() - began < SOON_SECONDS
        assert connection.closed
        proxy.heal()
    with pool.connection() as another:
        assert another.execute("SELECT 2").fetchone() == (2,)


def test_a_silent_connection_is_not_lent(pool, proxy):
    with pool.connection() as connection:
        connection.execute("SELECT 1")
    proxy.silence()
    proxy.heal()  # what was connected stays silent
    began = time.monotonic()
    with pool.connection() as another:
        assert another.execute("SELECT 2").fetchone() == (2,)
    assert time.monotonic() - began < SOON_SECONDS


def test_a_process_that_serves_requests_waits_in_no_thread_for_ever(pool, proxy, monkeypatch):
    monkeypatch.setattr("jobs.patience._everybody", [None])
    limit_everybody(PATIENCE_SECONDS)
    with pool.connection() as connection:
        proxy.silence()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_who_has_not_asked_for_a_limit_may_wait_as_long_as_it_takes(pool):
    with pool.connection() as connection:
        assert connection.execute("SELECT pg_sleep(0.5), 3").fetchone()[1] == 3


def test_an_error_of_a_statement_ends_no_connection(pool):
    with pool.connection() as connection:
        connection.execute("SET statement_timeout = 100")
        with patience(SOON_SECONDS), pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(3)")
        assert not connection.closed
        connection.rollback()


def test_a_server_that_takes_no_writes_counts_as_away(pool):
    with pool.connection() as connection:
        connection.execute("SET default_transaction_read_only = on")
        connection.commit()
        with pytest.raises(psycopg.OperationalError, match="takes no writes now"):
            connection.execute("CREATE TABLE one (number int)")
        assert connection.closed, "a server that was demoted does not take writes again by itself"
