"""What all contenders share, durable as in production: a Valkey, and a PostgreSQL with a database for each."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import redis

from benchmarks.contender import Contender
from benchmarks.environment import ROOT, log_of, python_of
from benchmarks.stores import PostgresStore, SqliteStore, Store, count_statements
from benchmarks.valkey import run_valkey
from tests.servers import Postgres, run_postgres

#: Not /tmp, which is memory on many machines; and short, as the path of a unix socket has to be.
PARENT = Path("/var/tmp")  # noqa: S108

#: PostgreSQL's own defaults are durable: fsync and synchronous_commit are on.
POSTGRES_SETTINGS = {
    "max_connections": "300",
    "log_min_messages": "warning",
    "shared_preload_libraries": "pg_stat_statements",
}
PREPARE_SECONDS = 120.0


@dataclass
class Servers:
    """Running servers, and a folder for what belongs to this run."""

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
        count_statements(server, "none")
        return server

    @property
    def beacon(self) -> Path:
        """The socket of running jobs."""
        return self.folder / "beacon"

    def store(self, contender: Contender) -> Store:
        name = contender.name.replace("-", "_")
        if contender.database == "postgresql":
            return PostgresStore(self.postgres, name)
        return SqliteStore(self.folder, name)

    def environ(self, contender: Contender) -> dict[str, str]:
        """How its processes find the servers, and nothing of the caller's own settings."""
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **contender.environ,
            **self.store(contender).environ(),
            "REDIS_URL": self.valkey_url,
            "BENCH_BEACON": str(self.beacon),
            "MEDIA_ROOT": str(self.folder / "media"),
            "PYTHONUNBUFFERED": "1",
        }

    def renew(self, contender: Contender) -> None:
        """Empties Valkey, and brings the contender's database back to its empty tables."""
        self.valkey.flushall()
        store = self.store(contender)
        if contender.prepare and contender.name not in self.prepared:
            store.create()
            self._prepare(contender)
            store.keep()
            self.prepared.add(contender.name)
        if contender.prepare:
            store.renew()

    def _prepare(self, contender: Contender) -> None:
        command = [str(python_of(contender.peer)), *contender.prepare]
        with log_of(contender.name).open("ab") as log:
            subprocess.run(
                command,
                check=True,
                cwd=ROOT,
                env=self.environ(contender),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=PREPARE_SECONDS,
            )


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Servers in a folder of their own; gone at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-bench-", dir=PARENT)))
        valkey, url = stack.enter_context(run_valkey(folder))
        yield Servers(folder, valkey, url, stack)
