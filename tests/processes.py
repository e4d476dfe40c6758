"""Fixtures that start the whole system in real processes: see tests/system.py."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import FORGETFUL, Postgres, run_postgres
from tests.system import Caller, System, running_system, short_folder, sow

type Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="session")
def seed(session_folder: Path) -> Path:
    folder = session_folder / "seed"
    folder.mkdir()
    return sow(folder)


@pytest.fixture
def system(seed: Path) -> Iterator[System]:
    with short_folder() as folder, running_system(folder, seed) as system:
        yield system


@pytest.fixture
def postgres_server() -> Iterator[Postgres]:
    """One that the test may crash, and that then still knows what it has committed."""
    with run_postgres(settings={**FORGETFUL, "synchronous_commit": "on"}) as server:
        yield server


@pytest.fixture
def system_on_postgres(postgres_server: Postgres, tmp_path: Path) -> Iterator[System]:
    url = postgres_server.create_database()
    with short_folder() as folder, running_system(folder, sow(tmp_path, url), url) as system:
        yield system


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
