"""How long a thread waits for an answer of the database; project/postgres.py keeps to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_thread = threading.local()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Meanwhile a statement of this thread that is not answered within `seconds` raises OperationalError.

    Not for everybody: a report or a migration may take its time. SQLite needs none.
    """
    before = patience_seconds()
    _thread.seconds = seconds
    try:
        yield
    finally:
        _thread.seconds = before


def patience_seconds() -> float | None:
    """None: without end."""
    seconds: float | None = getattr(_thread, "seconds", None)
    return seconds
