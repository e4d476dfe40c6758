"""Everything that a run needs, in real processes: servers behind proxies, workers, and whoever calls."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psycopg
import redis

from tests.chaos import notes
from tests.chaos.history import Event, History, Row
from tests.chaos.notes import What, note
from tests.chaos.proxy import Proxy
from tests.servers import FORGETFUL, Postgres, run_postgres
from tests.system import ROOT, System

type Store = Literal["sqlite", "postgresql"]

USERS = ("ada", "ben", "cleo")
#: The grace of tests/chaos/settings.py, what handing back may take, and the end of Python.
STOP_SECONDS = 20.0
#: How long reading a whole store may take, beside the wait for the last job.
READ_SECONDS = 120.0


class World:
    """Made by `running_world`."""

    def __init__(self, folder: Path, store: Store, notes_path: Path) -> None:
        #: Redis' file and the store lie in it, the notes do not: it may be full.
        self.folder = folder
        #: Takes what is left of the disk while that is full.
        self.filler = folder / "filler"
        self.store: Store = store
        self.notes_path = notes_path
        #: Those that are meant to be at work.
        self.workers: list[subprocess.Popen[bytes]] = []
        self._started: list[subprocess.Popen[bytes]] = []
        self._callers: list[subprocess.Popen[bytes]] = []
        self.postgres: Postgres | None = None
        self.store_proxy: Proxy | None = None

    def build(self, stack: ExitStack) -> None:
        """Servers, tables, a user and proxies; no worker yet."""
        self.system = System(self.folder, self._make_store(stack))
        self.system.env |= {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            notes.NOTES: str(self.notes_path),
        }
        os.environ[notes.NOTES] = str(self.notes_path)
        stack.callback(self.system.close)
        self.system.start_valkey()
        self.system.call("manage.py", "migrate", "-v0")
        users = json.loads(self.system.call("-m", "tests.flow.sign_up", *USERS, "--staff", "root"))
        self.tokens: dict[int, str] = {user["user_id"]: user["token"] for user in users.values()}
        self.token: str = users["ada"]["token"]
        self.broker_proxy = stack.enter_context(Proxy(self.system.valkey.path))
        self.system.env["REDIS_URL"] = f"redis://127.0.0.1:{self.broker_proxy.port}/0"
        if self.postgres:
            self.store_proxy = stack.enter_context(Proxy(self.postgres.folder / ".s.PGSQL.5432"))
            at_proxy = f"postgres://handoff@127.0.0.1:{self.store_proxy.port}/{self._database}"
            self.system.env["DATABASE_URL"] = at_proxy
        stack.callback(self._kill_all)

    def _make_store(self, stack: ExitStack) -> str | None:
        if self.store == "sqlite":
            return None
        # The server of the tests may forget what it has just committed when it crashes; this one must not.
        remembering = {**FORGETFUL, "synchronous_commit": "on"}
        self.postgres = stack.enter_context(run_postgres(self.folder.parent, remembering))
        url = self.postgres.create_database()
        self._database = url.rpartition("/")[2]
        return url

    # Servers

    def broker(self) -> redis.Redis:
        """A client that goes round the proxy."""
        return redis.Redis(unix_socket_path=str(self.system.valkey.path))

    def ask_store(self, statement: str) -> None:
        """Has PostgreSQL do something, round the proxy."""
        assert self.postgres is not None
        with psycopg.connect(
            host=str(self.postgres.folder), user="handoff", dbname=self._database, autocommit=True
        ) as store:
            store.execute("SET default_transaction_read_only = off")
            store.execute(statement)

    # Workers

    def start_worker(self, *command: str) -> subprocess.Popen[bytes]:
        worker = self.system.start(*(command or ("worker.py",)))
        self.workers.append(worker)
        self._started.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        self.workers.remove(worker)
        note(What.DIED, pid=worker.pid)
        worker.kill()

    def tell_to_stop(self, worker: subprocess.Popen[bytes]) -> None:
        self.workers.remove(worker)
        note(What.TOLD, pid=worker.pid)
        worker.terminate()

    def reap(self) -> None:
        """Notes which workers are gone."""
        for worker in [worker for worker in self._started if worker.poll() is not None]:
            self._started.remove(worker)
            with suppress(ValueError):
                self.workers.remove(worker)
            note(What.EXITED, pid=worker.pid, text=str(worker.returncode))

    # Callers

    def start_caller(
        self, seed: int, calls_a_second: float, longest: float = 18, *, web: tuple[str, ...] = ()
    ) -> None:
        """`longest`: seconds that a job may work. `web`: origin and token."""
        arguments = [str(seed), str(calls_a_second), str(longest), *web]
        self._callers.append(self.system.start("-m", "tests.chaos.caller", *arguments))

    def stop_callers(self) -> None:
        for caller in self._callers:
            caller.terminate()
        for caller in self._callers:
            assert caller.wait(90) == 0, self.system.log[-10_000:]

    # The end

    def held(self, reader: str, settle_seconds: float) -> Any:
        """What the store holds once every job has ended, or the time is over, as that module prints it."""
        answer = subprocess.run(
            [sys.executable, "-m", reader, str(settle_seconds)],
            cwd=ROOT,
            env=self.system.env,
            capture_output=True,
            timeout=settle_seconds + READ_SECONDS,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr.decode()
        return json.loads(answer.stdout)

    def history(self, settle_seconds: float) -> History:
        """Once every job has ended, or the time is over: what happened."""
        held = self.held("tests.chaos.load", settle_seconds)
        self._stop_all()
        rows = [Row(**{**row, "errors": tuple(row["errors"])}) for row in held["rows"]]
        return History(notes.read(self.notes_path), rows, [Event(**event) for event in held["events"]])

    def _stop_all(self) -> None:
        for worker in list(self.workers):
            self.tell_to_stop(worker)
        for worker in self._started:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(STOP_SECONDS)
        self._kill_all()
        self.reap()

    def _kill_all(self) -> None:
        for process in (*self._started, *self._callers):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@contextmanager
def running_world(store: Store, parent: Path | None = None) -> Iterator[World]:
    """In a new folder, by default under /tmp, as a unix socket's path must be short."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-chaos-", dir=parent or "/tmp"))
        )
        notes_folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-notes-", dir="/tmp"))
        )
        world = World(folder, store, notes_folder / "notes")
        world.notes_path.touch()
        world.build(stack)
        yield world
