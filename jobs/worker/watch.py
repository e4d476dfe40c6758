"""Watches the event loop from a thread of its own, and says which line of which job holds it up."""

import asyncio
import logging
import sys
import threading
import time
from dataclasses import dataclass

from jobs.worker.attempt import current
from jobs.worker.lines import where

LOOK_EVERY_SECONDS = 0.25
#: A loop that has not turned for so long is held up: a hundred times what a slow callback takes.
BLOCKED_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Block:
    """What holds up the loop, as far as can be seen from outside."""

    #: "job <id> (<task>)", or the name of an asyncio task, or "a callback".
    who: str
    #: Where it is in the task's code, and in what that has called.
    line: str


class Watch:
    """Made in the loop's thread; watches from `start` to `stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._look_until_stopped, name="watch", daemon=True)
        self._stopping = threading.Event()
        #: When the loop was asked to say something; None once it has. Monotonic seconds, as all times here.
        self._asked_at: float | None = None
        self._looked_at = time.monotonic()
        #: What held it up at the last look; None: nothing.
        self.block: Block | None = None

    def start(self) -> None:
        self._looked_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """The thread ends with its next look."""
        self._stopping.set()

    @property
    def stuck_seconds(self) -> float:
        """For how long the loop has not turned; below LOOK_EVERY_SECONDS it may well have."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else time.monotonic() - asked_at

    def _look_until_stopped(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            try:
                self._look()
            except RuntimeError:  # the loop is closed
                return
            except Exception:
                logger.exception("Watching the event loop: an unforeseen error; going on.")

    def _look(self) -> None:
        now = time.monotonic()
        late, self._looked_at = now - self._looked_at > 3 * LOOK_EVERY_SECONDS, now
        if self._asked_at is None:
            self._asked_at = now
            self._loop.call_soon_threadsafe(self._answer)
        elif not late and now - self._asked_at >= BLOCKED_SECONDS:
            # Late ourselves, the whole process stood still: what the loop is at now may not be to blame.
            self._see()

    def _see(self) -> None:
        """Tells of a new block; keeps up where an old one is."""
        first = self.block is None
        self.block = Block(_who(self._loop), self._line())
        if first:
            logger.warning(
                "The event loop has not turned for %.1f s, and no other job here goes on: %s holds it up at %s."
                " Make it a plain function, which runs in a thread, or await what takes long.",
                self.stuck_seconds,
                self.block.who,
                self.block.line,
            )

    def _line(self) -> str:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001  documented, if not for everyday use
        return where(frame) if frame else "an unknown line"

    def _answer(self) -> None:
        """On the loop."""
        lasted, self._asked_at = self.stuck_seconds, None
        block, self.block = self.block, None
        if block:
            logger.warning("The event loop turns again; %s held it up for %.1f s.", block.who, lasted)
        elif lasted >= BLOCKED_SECONDS:
            logger.warning(
                "The event loop did not turn for %.1f s, and nothing else in this process did: it was stopped, or"
                " an extension held Python's lock.",
                lasted,
            )


def _who(loop: asyncio.AbstractEventLoop) -> str:
    task = asyncio.current_task(loop)
    if task is None:
        return "a callback"
    attempt = task.get_context().get(current)
    return f"job {attempt.job.id} ({attempt.job.task_path})" if attempt else f"task {task.get_name()!r}"
