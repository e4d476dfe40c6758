"""The Valkey and the PostgreSQL that all contenders share, durable as in production, and empty for each of them."""

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import psycopg
import redis
from psycopg import sql

from benchmarks.contender import Contender
from benchmarks.environment import ROOT, python_of
from jobs.broker.embedded import end_with_parent, find_server
from tests.servers import Postgres, run_postgres

#: Not /tmp, which is memory on many machines; and short, as the path of a unix socket has to be.
PARENT = Path("/var/tmp")  # noqa: S108

#: PostgreSQL's own defaults are durable: fsync and synchronous_commit are on.
POSTGRES_SETTINGS = {
    "max_connections": "300",
    "log_min_messages": "warning",
    "shared_preload_libraries": "pg_stat_statements",
}
START_SECONDS = 15.0
PREPARE_SECONDS = 120.0


@dataclass
class Servers:
    """Running servers, and a folder for what belongs to one contender's turn."""

    folder: Path
    valkey: redis.Redis
    valkey_url: str
    #: Ends what is started late.
    stack: ExitStack
    #: Contenders whose tables were made.
    prepared: set[str] = field(default_factory=set)

    @cached_property
    def postgres(self) -> Postgres:
        """Started when it is first asked for."""
        server = self.stack.enter_context(run_postgres(PARENT, POSTGRES_SETTINGS))
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            connection.execute("ALTER SYSTEM SET pg_stat_statements.track = 'none'")
            connection.execute("SELECT pg_reload_conf()")
        return server

    def environ(self, contender: Contender) -> dict[str, str]:
        """How its processes find the servers, and nothing of the caller's own settings."""
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **contender.environ,
            "REDIS_URL": self.valkey_url,
            "DATABASE_URL": self.database_url(contender),
            **self._libpq(contender),
            "BENCH_BEACON": str(self.beacon),
            "MEDIA_ROOT": str(self.folder / "media"),
            "PYTHONUNBUFFERED": "1",
        }

    def _libpq(self, contender: Contender) -> dict[str, str]:
        if contender.database != "postgresql":
            return {}
        return {
            "PGHOST": str(self.postgres.folder),
            "PGUSER": "handoff",
            "PGDATABASE": database_name(contender),
        }

    def database_url(self, contender: Contender) -> str:
        if contender.database == "postgresql":
            return self.postgres.url(database_name(contender))
        return f"sqlite:///{self.sqlite}"

    @property
    def beacon(self) -> Path:
        """The socket of running jobs."""
        return self.folder / "beacon"

    @property
    def sqlite(self) -> Path:
        return self.folder / "db.sqlite3"

    def renew(self, contender: Contender) -> None:
        """Empties Valkey, and gives the contender a new database with its tables."""
        self.valkey.flushall()
        if contender.database and contender.name not in self.prepared:
            self._prepare(contender)
            self.prepared.add(contender.name)
        if contender.database == "postgresql":
            self._copy_postgres(contender)
        elif contender.database == "sqlite":
            remove_sqlite(self.sqlite)
            shutil.copy(self._seed(contender), self.sqlite)

    def _prepare(self, contender: Contender) -> None:
        """Makes the tables once; each turn starts from a copy."""
        if contender.database == "postgresql":
            with self.connect("postgres") as connection:
                connection.execute(make_database(database_name(contender)))
        else:
            remove_sqlite(self.sqlite)
        command = [str(python_of(contender.peer)), *contender.prepare]
        subprocess.run(
            command,
            check=True,
            cwd=ROOT,
            env=self.environ(contender),
            capture_output=True,
            timeout=PREPARE_SECONDS,
        )
        if contender.database == "postgresql":
            with self.connect("postgres") as connection:
                name, template = map(sql.Identifier, (database_name(contender), template_name(contender)))
                connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(name, template))
        else:
            with (
                closing(sqlite3.connect(self.sqlite)) as source,
                closing(sqlite3.connect(self._seed(contender))) as seed,
            ):
                source.backup(seed)

    def _copy_postgres(self, contender: Contender) -> None:
        name = database_name(contender)
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(make_database(name, template_name(contender)))
            connection.execute("CHECKPOINT")

    def _seed(self, contender: Contender) -> Path:
        return self.folder / f"{contender.name}.sqlite3"

    @contextmanager
    def counting_statements(self) -> Iterator[None]:
        """PostgreSQL counts them in here alone, as that costs it time."""
        self._track("all")
        try:
            yield
        finally:
            self._track("none")

    def _track(self, which: Literal["none", "all"]) -> None:
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET pg_stat_statements.track = {}").format(which))
            connection.execute("SELECT pg_reload_conf()")

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.postgres.url(database), autocommit=True)


def database_name(contender: Contender) -> str:
    return contender.name.replace("-", "_")


def template_name(contender: Contender) -> str:
    return f"{database_name(contender)}_template"


def make_database(name: str, template: str = "template0") -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))


def remove_sqlite(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Servers in a folder of their own; gone at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-bench-", dir=PARENT)))
        valkey, url = stack.enter_context(run_valkey(folder))
        yield Servers(folder, valkey, url, stack)


@contextmanager
def run_valkey(folder: Path) -> Iterator[tuple[redis.Redis, str]]:
    """A Valkey on a port of this machine, as not every peer's client speaks unix sockets; AOF every second."""
    port = free_port()
    settings: Mapping[str, str] = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with (folder / "valkey.log").open("wb") as log:
        process = subprocess.Popen(
            [find_server(), *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=end_with_parent(),  # noqa: PLW1509  it makes one system call
        )  # fmt: skip
    url = f"redis://127.0.0.1:{port}"
    with redis.Redis.from_url(url, retry_on_error=[redis.BusyLoadingError]) as client:
        try:
            wait_for_valkey(client, process)
            yield client, url
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def wait_for_valkey(client: redis.Redis, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("Valkey did not start.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
