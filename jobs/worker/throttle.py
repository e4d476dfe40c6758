"""Progress that leaves a child process at most ten times a second, whatever the task says in between."""

import contextlib
import threading
import time
from collections.abc import Callable

INTERVAL_SECONDS = 0.1


class Throttle:
    """Passes the first report on at once, and of those that follow too soon the last one when it is time."""

    def __init__(self, send: Callable[[float, str], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._held: tuple[float, str] | None = None
        self._timer: threading.Timer | None = None
        self._sent_at = float("-inf")

    def report(self, fraction: float, text: str) -> None:
        """Callable from any thread."""
        with self._lock:
            self._held = (fraction, text)
            wait = self._sent_at + INTERVAL_SECONDS - time.monotonic()
            if wait <= 0:
                self._pass_on()
            elif self._timer is None:
                self._pass_on_in(wait)

    def close(self) -> None:
        """Passes on what is held; nothing is sent after it."""
        with self._lock:
            self._pass_on()
            if self._timer:
                self._timer.cancel()
            self._send = _to_nobody

    def _pass_on_in(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._when_it_is_time)
        timer.daemon = True
        # Where the task has used up the memory for a thread, the report stays for the next one, or for the end.
        with contextlib.suppress(RuntimeError, MemoryError):
            timer.start()
            self._timer = timer

    def _when_it_is_time(self) -> None:
        with self._lock:
            self._timer = None
            self._pass_on()

    def _pass_on(self) -> None:
        if self._held:
            self._send(*self._held)
            self._held, self._sent_at = None, time.monotonic()


def _to_nobody(_fraction: float, _text: str) -> None:
    """After the end."""
