"""A contender's own database: made once with its tables, then the same at the beginning of each turn."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import psycopg
from psycopg import sql

from tests.servers import Postgres


class Store(Protocol):
    def environ(self) -> dict[str, str]:
        """How the contender's processes find it."""

    def create(self) -> None:
        """Makes it, empty."""

    def keep(self) -> None:
        """What it holds now is what each turn starts from."""

    def renew(self) -> None:
        """Brings back what was kept."""

    def connect(self) -> Any:
        """A connection without a transaction of its own, so that each question sees what is there now."""


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """Also of a contender without a database, which does not look at it."""

    folder: Path
    name: str

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.sqlite3"

    @property
    def kept(self) -> Path:
        return self.folder / f"{self.name}.kept"

    def environ(self) -> dict[str, str]:
        return {"DATABASE_URL": f"sqlite:///{self.file}"}

    def create(self) -> None:
        self._remove()

    def keep(self) -> None:
        with closing(self.connect()) as source, closing(sqlite3.connect(self.kept)) as target:
            source.backup(target)

    def renew(self) -> None:
        self._remove()
        if self.kept.exists():
            shutil.copy(self.kept, self.file)

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, isolation_level=None, timeout=20)


#: Statements so far in one database.
COUNT_STATEMENTS = """
    SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
    JOIN pg_database ON pg_database.oid = dbid WHERE datname = %s
"""


@dataclass(frozen=True, slots=True)
class PostgresStore:
    server: Postgres
    name: str

    @property
    def kept(self) -> str:
        return f"{self.name}_kept"

    def environ(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.server.url(self.name),
            "PGHOST": str(self.server.folder),
            "PGUSER": "handoff",
            "PGDATABASE": self.name,
        }

    def create(self) -> None:
        self._command("CREATE DATABASE {}", self.name)

    def keep(self) -> None:
        self._command("ALTER DATABASE {} RENAME TO {}", self.name, self.kept)

    def renew(self) -> None:
        self._command("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
        self._command("CREATE DATABASE {} TEMPLATE {}", self.name, self.kept)
        self._command("CHECKPOINT")

    def connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.server.url(self.name), autocommit=True)

    def statements(self) -> int:
        """Executed while they were counted."""
        with maintaining(self.server) as connection:
            row: Any = connection.execute(COUNT_STATEMENTS, [self.name]).fetchone()
        return int(row[0])

    @contextmanager
    def counting_statements(self) -> Iterator[None]:
        """PostgreSQL counts them in here alone, as that costs it time."""
        count_statements(self.server, "all")
        try:
            yield
        finally:
            count_statements(self.server, "none")

    def _command(self, command: str, *names: str) -> None:
        with maintaining(self.server) as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))


def count_statements(server: Postgres, which: Literal["none", "all"]) -> None:
    with maintaining(server) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute(sql.SQL("ALTER SYSTEM SET pg_stat_statements.track = {}").format(which))
        connection.execute("SELECT pg_reload_conf()")


def maintaining(server: Postgres) -> "psycopg.Connection[Any]":
    """A connection to no contender's database."""
    return psycopg.connect(server.url("postgres"), autocommit=True)
