"""A process that is kept running: started again when it crashes, replaced when the source changes."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from jobs.broker.embedded import end_with_parent
from project.dev.terminal import complain, pass_on

#: From SIGTERM to SIGKILL; the web process gives its requests 10 s.
STOP_TIMEOUT_SECONDS = 15.0
#: Pauses before the 1st, 2nd, … start after crashes; the last one stays.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
#: Having lived this long, a process starts again with the first pause.
LONG_LIFE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run."""

    #: Shown before each line of its output.
    name: str
    command: Sequence[str | Path]
    folder: Path
    #: Open files that it inherits.
    pass_fds: Sequence[int] = ()


class Child:
    """One program, one process of it at a time, but for old ones that are still finishing their work."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._retiring: dict[Process, asyncio.Task[None]] = {}
        self._start()

    def _start(self) -> None:
        self._process = Process(self._program)
        self._keeper = asyncio.create_task(self._keep_running())

    async def _keep_running(self) -> None:
        crashes = 0
        while True:
            lived_seconds, code = await self._process.lifetime()
            crashes = 0 if lived_seconds > LONG_LIFE_SECONDS else crashes
            pause = PAUSES_SECONDS[min(crashes, len(PAUSES_SECONDS) - 1)]
            crashes += 1
            complain(f"{self._program.name} ended ({meaning(code)}); it starts again in {pause:g} s.")
            await asyncio.sleep(pause)
            self._process = Process(self._program)

    def replace(self) -> None:
        """A new process starts at once, while the old one finishes what it has begun."""
        self._retire()
        self._start()

    def _retire(self) -> None:
        self._keeper.cancel()
        process = self._process
        self._retiring[process] = asyncio.create_task(process.stop())
        self._retiring[process].add_done_callback(lambda _: self._retiring.pop(process))

    async def stop(self) -> None:
        """Returns when no process of it is left."""
        self._retire()
        await asyncio.gather(*self._retiring.values())

    def kill(self) -> None:
        """End all of them now."""
        for process in (self._process, *self._retiring):
            process.kill()


class Process:
    """One run of a program, in a session of its own: the terminal's Ctrl-C reaches only the supervisor."""

    def __init__(self, program: Program) -> None:
        self._started = time.monotonic()
        # From the main thread, as the kernel ends a child with the thread that asked for it.
        self._popen = subprocess.Popen(
            program.command,
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=program.pass_fds,
            start_new_session=True,
            preexec_fn=end_with_parent(),  # noqa: PLW1509  it makes one system call
        )
        self._ended = asyncio.get_running_loop().create_future()
        Thread(target=pass_on, args=(program.name, self._popen.stdout), daemon=True).start()
        Thread(target=self._wait, args=(asyncio.get_running_loop(),), daemon=True).start()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        code = self._popen.wait()
        self.kill()  # what it started and left behind
        loop.call_soon_threadsafe(self._ended.set_result, code)

    async def lifetime(self) -> tuple[float, int]:
        """Waits for its end; how many seconds it lived, and its exit code."""
        code = await asyncio.shield(self._ended)
        return time.monotonic() - self._started, code

    async def stop(self) -> None:
        """Ask it to finish, and insist after STOP_TIMEOUT_SECONDS. Returns when it is gone."""
        self._popen.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(self._ended), STOP_TIMEOUT_SECONDS)
        except TimeoutError:
            self.kill()
            await self._ended

    def kill(self) -> None:
        """End it and every process that it started, now."""
        with suppress(ProcessLookupError, PermissionError):  # macOS: the latter of a zombie
            os.killpg(self._popen.pid, signal.SIGKILL)


def meaning(code: int) -> str:
    """Of an exit code, to a person."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
