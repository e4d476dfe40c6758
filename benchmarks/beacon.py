"""How a job tells the harness that it runs: the first line of every benchmarked function. Standard library only.

Each peer pays the same for it: a step of a counter for a job, a datagram for one in COUNT_STEP.
"""

import os
import socket
import struct
import time
from contextlib import suppress
from functools import cache
from itertools import count

#: Every so many starts are told, and the first of a process.
COUNT_STEP = 500
#: What a datagram holds: the number of the start in its process, or PING, and time.monotonic_ns().
MESSAGE = struct.Struct("<qq")
PING = 0

_starts = count(1)


def started() -> None:
    """A job of a crowd has started."""
    number = next(_starts)
    if number == 1 or number % COUNT_STEP == 0:
        _tell(number)


def ping() -> None:
    """The one job that is waited for has started."""
    _tell(PING)


def _tell(number: int) -> None:
    now = time.monotonic_ns()
    with suppress(BlockingIOError):  # nobody listens now, and the socket is full
        _socket(os.getpid()).send(MESSAGE.pack(number, now))


@cache
def _socket(_pid: int) -> socket.socket:
    """One for each process, as a worker may fork."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.connect(os.environ["BENCH_BEACON"])
    made.setblocking(False)
    return made
