"""Starts and ends the processes of a contender."""

import os
import signal
import subprocess
from contextlib import suppress

from benchmarks.contender import Contender
from benchmarks.environment import ROOT, log_of, python_of
from benchmarks.servers import Servers
from jobs.broker.embedded import end_with_parent

STOP_SECONDS = 10.0

type Process = subprocess.Popen[bytes]


def start(contender: Contender, servers: Servers, *command: str, talks: bool = False) -> Process:
    """Runs the contender's own Python; what the process does not say to us goes to its log."""
    with log_of(contender.name).open("ab") as log:
        return subprocess.Popen(
            [str(python_of(contender.peer)), *command],
            cwd=ROOT,
            env=servers.environ(contender),
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else log,
            stderr=log,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGKILL),  # noqa: PLW1509  it makes one system call
        )


def stop(process: Process) -> None:
    """Cleanly, for as long as that takes within reason."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    kill(process)


def kill(process: Process) -> None:
    """With its children, which may outlive it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
