"""Fixtures that start the whole system in real processes: see tests/system.py."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import FORGETFUL, Postgres, run_postgres
from tests.system import Caller, System, running_system, sow

type Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="session")
def seed(session_folder: Path) -> Path:
    folder = session_folder / "seed"
    folder.mkdir()
    return sow(folder)


@pytest.fixture
def system(seed: Path) -> Iterator[System]:
    """Under /tmp, as pytest's own folders are too deep for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="handoff-flow-", dir="/tmp"))
    try:
        with running_system(folder, seed) as system:
            yield system
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_server() -> Iterator[Postgres]:
    """One that the test may crash, and that then still knows what it has committed."""
    with run_postgres(settings={**FORGETFUL, "synchronous_commit": "on"}) as server:
        yield server


@pytest.fixture
def system_on_postgres(postgres_server: Postgres, tmp_path: Path) -> Iterator[System]:
    folder = Path(tempfile.mkdtemp(prefix="handoff-flow-", dir="/tmp"))
    url = postgres_server.create_database()
    try:
        with running_system(folder, sow(tmp_path, url), url) as system:
            yield system
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process of a system and sees to its end."""
    started: list[subprocess.Popen[bytes]] = []

    def run(starter: Callable[..., subprocess.Popen[bytes]], *arguments: str) -> subprocess.Popen[bytes]:
        started.append(starter(*arguments))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def web(system: System, start: Start) -> subprocess.Popen[bytes]:
    return start(system.start_web)


@pytest.fixture
def ada(system: System, web: subprocess.Popen[bytes]) -> Iterator[Caller]:
    caller = system.caller("ada")
    yield caller
    caller.http.close()


@pytest.fixture
def eve(system: System, web: subprocess.Popen[bytes]) -> Iterator[Caller]:
    caller = system.caller("eve")
    yield caller
    caller.http.close()
