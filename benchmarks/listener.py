"""Hears the beacons of running jobs (beacon.py)."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.beacon import MESSAGE, PING
from benchmarks.limits import LIMIT_SECONDS, START_SECONDS, Overrun


class Listener:
    def __init__(self, bound: socket.socket) -> None:
        self._socket = bound

    def forget(self) -> None:
        """Drops what was not asked for."""
        self._socket.setblocking(False)
        try:
            while self._socket.recv(MESSAGE.size):
                pass
        except BlockingIOError:
            pass

    def ping(self) -> int:
        """Waits for the pinged job; answers when it began, in nanoseconds of the monotonic clock."""
        return self._wait(PING, START_SECONDS)

    def start_of(self, number: int) -> int:
        """Waits for the start with this number in the worker; answers when it was."""
        return self._wait(number, START_SECONDS if number == 1 else LIMIT_SECONDS)

    def _wait(self, wanted: int, limit: float) -> int:
        deadline = time.monotonic() + limit
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                number, at = MESSAGE.unpack(self._socket.recv(MESSAGE.size))
            except TimeoutError:
                break
            if number == wanted:
                return int(at)
        raise Overrun(f"no job started within {limit:.0f} s")


@contextmanager
def listening(path: Path) -> Iterator[Listener]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(path))
        try:
            yield Listener(bound)
        finally:
            path.unlink()
