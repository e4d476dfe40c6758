"""An attempt in a child process: its memory is limited, and it can be killed."""

import asyncio
import contextlib
import ctypes
import multiprocessing
import resource
import signal
import sys
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from jobs.broker.leases import Lease
from jobs.errors import ChildDied, OutOfMemory
from jobs.lifecycle.finish import Outcome
from jobs.models.row import JobRow
from jobs.task import find_task
from jobs.worker.attempt import Attempt, raised, returned
from jobs.worker.context import Report, bound
from jobs.worker.threads import Threads
from jobs.worker.throttle import Throttle

#: Children are forked from a server that has Django loaded and nothing opened: quick, and free of inherited threads
#: and connections. It ends when this process does, and takes its children with it.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["jobs.worker.preload"])

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8  # malloc.h


async def perform(attempt: Attempt, report: Report, threads: Threads) -> Outcome:
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
        answer = await threads.call(partial(_listen, ours, report))
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


def _listen(pipe: Connection, report: Report) -> Outcome | None:
    """Passes progress on until the outcome comes; None when the child ends without one."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            match pipe.recv():
                case Outcome() as outcome:
                    return outcome
                case (float() as fraction, str() as text):
                    report(fraction, text)
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
    attempt.task = task
    progress = Throttle(lambda fraction, text: pipe.send((fraction, text)))
    try:
        _limit_memory(task.max_memory)
        outcome = returned(attempt, bound(task, job, progress.report, Stop(pipe), attempt.writes)())
    except MemoryError:
        outcome = raised(attempt, OutOfMemory(f"It needed more than {task.max_memory} bytes of memory."))
    except Exception as error:  # noqa: BLE001  whatever a task raises is its outcome
        outcome = raised(attempt, error)
    progress.close()
    pipe.send(outcome)


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
