"""How long a thread waits for an answer of the database; project/postgres.py keeps to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_thread = threading.local()
#: Of threads that have not asked for another; None: without end.
_everybody: list[float | None] = [None]


def limit_everybody(seconds: float) -> None:
    """From now on patience(seconds) holds in every thread of this process: for one that serves requests."""
    _everybody[0] = seconds


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Meanwhile a statement of this thread that is not answered within `seconds` raises OperationalError.

    Not for everybody: a report or a migration may take its time. SQLite needs none.
    """
    before = getattr(_thread, "seconds", None)
    _thread.seconds = seconds
    try:
        yield
    finally:
        _thread.seconds = before


def patience_seconds() -> float | None:
    """None: without end."""
    seconds: float | None = getattr(_thread, "seconds", None)
    return _everybody[0] if seconds is None else seconds
