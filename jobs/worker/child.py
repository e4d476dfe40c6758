"""An attempt in a child process: its memory is limited, and it can be killed."""

import asyncio
import contextlib
import ctypes
import multiprocessing
import resource
import signal
import sys
import threading
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from jobs.broker.leases import Lease
from jobs.errors import ChildDied, OutOfMemory
from jobs.lifecycle.finish import Outcome, Progress
from jobs.lifecycle.tell import Said
from jobs.models.row import JobRow
from jobs.task import find_task
from jobs.worker import capture
from jobs.worker.attempt import Attempt, current, raised, returned
from jobs.worker.context import bound
from jobs.worker.threads import Threads
from jobs.worker.throttle import Throttle
from jobs.worker.voice import Voice, Written

#: Children are forked from a server that has Django loaded and nothing opened: quick, and free of inherited threads
#: and connections. It ends when this process does, and takes its children with it.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["jobs.worker.preload"])

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8  # malloc.h


async def perform(attempt: Attempt, threads: Threads) -> Outcome:
    """Runs the attempt in a child; kills it when cancelled."""
    ours, theirs = _processes.Pipe()
    attempt.warn = attempt.tell = partial(_stop, ours)
    if attempt.stop.is_set():  # before it could be told so
        attempt.tell()
    process = _processes.Process(target=_main, args=(theirs, attempt.job, attempt.lease), daemon=True)
    starting = asyncio.ensure_future(threads.call(process.start))
    try:
        await asyncio.shield(starting)
        theirs.close()
        answer = await threads.call(partial(_listen, ours, attempt.voice))
    finally:
        try:
            await asyncio.shield(_end(process, starting))
        finally:
            ours.close()
            theirs.close()
    return answer or raised(attempt, _death(process.exitcode))


def _stop(pipe: Connection) -> None:
    """One small message in an otherwise unused direction: it never blocks. The child may have ended meanwhile."""
    with contextlib.suppress(OSError):
        pipe.send_bytes(b"stop")


async def _end(process: ForkServerProcess, starting: "asyncio.Future[None]") -> None:
    """Kills the child; one that is only being started can't be killed before it is there."""
    await starting
    process.kill()
    await asyncio.get_running_loop().run_in_executor(None, process.join)


def _listen(pipe: Connection, voice: Voice) -> Outcome | None:
    """Passes on what the child says until the outcome comes; None when it ends without one."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            match pipe.recv():
                case Outcome() as outcome:
                    return outcome
                case (float() as fraction, str() as text):
                    voice.progress(fraction, text)
                case Said() as said:
                    voice.pass_on(said)
    return None


def _death(exit_code: int | None) -> ChildDied:
    if exit_code is not None and exit_code < 0:
        return ChildDied(f"The child process was killed by {signal.Signals(-exit_code).name}.")
    return ChildDied(f"The child process ended with exit code {exit_code} and no answer.")


def _main(pipe: Connection, job: JobRow, lease: Lease) -> None:
    """The child's whole life: one attempt."""
    _die_with_parent()
    task = find_task(job.task_path)
    attempt = Attempt(job=job, lease=lease)
    wire = Wire(pipe)
    attempt.task, attempt.voice = task, Voice(job, wire)
    current.set(attempt)
    capture.install()
    try:
        _limit_memory(task.max_memory)
        outcome = returned(attempt, bound(task, job, attempt.voice, Stop(pipe), attempt.writes)())
    except MemoryError:
        outcome = raised(attempt, OutOfMemory(f"It needed more than {task.max_memory} bytes of memory."))
    except Exception as error:  # noqa: BLE001  whatever a task raises is its outcome
        outcome = raised(attempt, error)
    attempt.voice.close()
    wire.end(outcome)


class Wire:
    """What the child says and what came of it, to the parent; callable from any thread."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        # Reentrant, as anything may be logged in the middle: what is sent is small, and so written in one piece.
        self._sending = threading.RLock()
        self._progress = Throttle(lambda fraction, text: self._send((fraction, text)))

    def report(self, progress: Progress) -> None:
        self._progress.report(progress.fraction, progress.text)

    def say(self, said: Said, _written: Written) -> None:
        self._send(said)

    def end(self, outcome: Outcome) -> None:
        """The last word."""
        self._progress.close()
        self._send(outcome)

    def _send(self, message: object) -> None:
        with self._sending:
            self._pipe.send(message)


class Stop:
    """`threading.Event`, as far as a task's context needs it: set by the parent's message."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def is_set(self) -> bool:
        return self._pipe.poll(0)


def _die_with_parent() -> None:
    """The parent is the fork server, which ends with the worker: a killed worker leaves no child behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(max_bytes: int | None) -> None:
    """Limits what the task may add to the address space that Python and Django take."""
    if max_bytes is not None and sys.platform == "linux":
        _share_one_arena()
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + max_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _share_one_arena() -> None:
    """A thread, such as the one that passes progress on, would else reserve 64 MiB of address space for itself."""
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
