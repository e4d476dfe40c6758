"""bin/dev as a developer sees it: a copy of the source in a folder of its own, started for real."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ("consumers", "jobs", "project", "manage.py", "worker.py", "requirements.lock")
LIMIT_SECONDS = 40


@dataclass
class Dev:
    """A running bin/dev."""

    root: Path
    process: subprocess.Popen[str]
    port: int
    said: list[str] = field(default_factory=list)
    _lines: Queue[str] = field(default_factory=Queue)

    def __post_init__(self) -> None:
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")  # it is over

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The next line that has it."""
        while True:
            try:
                line = self._lines.get(timeout=LIMIT_SECONDS)
            except Empty:
                line = ""
            if not line:
                pytest.fail(f"{pattern!r} was not said in time:\n{''.join(self.said)}")
            self.said.append(line)
            if found := re.search(pattern, line):
                return found

    def has_said(self, pattern: str) -> bool:
        """Whether it says so in the lines that came since the last look."""
        new = [self._lines.get() for _ in range(self._lines.qsize())]
        self.said += new
        return any(re.search(pattern, line) for line in new)

    def printed(self, name: str) -> str:
        """The link or token that it printed at its start."""
        (line,) = (line for line in self.said if line.startswith(f"  {name} "))
        return line.removeprefix(f"  {name} ").split()[0]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url(path), timeout=LIMIT_SECONDS)

    def pids(self) -> set[int]:
        """Of it and all that it started, in whatever session they are."""
        return {pid for pid, folder in running() if folder == self.root or self.root in folder.parents}

    def pid_of(self, script: str) -> int:
        """Of the process that runs `script`."""
        (pid,) = (
            pid for pid in self.pids() if script in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        )
        return pid

    def stop(self, told: signal.Signals = signal.SIGINT) -> int:
        """The exit code."""
        self.process.send_signal(told)
        return self.process.wait(LIMIT_SECONDS)


def wait_until_gone(pid: int) -> None:
    """Of any process, not only a child of ours."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([watch], [], [], LIMIT_SECONDS)
    finally:
        os.close(watch)
    assert ended, Path(f"/proc/{pid}/cmdline").read_text()


def running() -> Iterator[tuple[int, Path]]:
    """Every process with its working folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                yield int(entry.name), (entry / "cwd").readlink()
            except OSError:  # ended meanwhile, or not ours
                continue


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source, without state."""
    return copy_source(tmp_path)


def copy_source(folder: Path) -> Path:
    root = folder / "a checkout"  # with a space, as some people have
    root.mkdir()
    for name in SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def dev(checkout: Path) -> Iterator[Dev]:
    """One that the test may stop."""
    with started(checkout, free_port()) as dev:
        yield dev


@pytest.fixture(scope="module")
def shared_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """One for all tests that leave it running; it has said all that it says at its start."""
    with started(copy_source(tmp_path_factory.mktemp("dev")), free_port()) as dev:
        dev.wait_for("Stop +Ctrl-C")
        yield dev


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def started(checkout: Path, port: int, **environ: str) -> Iterator[Dev]:
    """As bin/dev goes on once the environment is there."""
    # Those of this process's own tests.
    not_ours = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in not_ours}
    process = subprocess.Popen(
        [sys.executable, "-m", "project.dev"],
        cwd=checkout,
        env=kept | {"PORT": str(port)} | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    dev = Dev(checkout, process, port)
    yield dev
    if process.poll() is None:
        dev.stop(signal.SIGTERM)
