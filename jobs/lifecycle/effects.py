"""What a task itself writes in the transaction that records its success."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction

from jobs.patience import patience

type Write = Callable[[], object]


#: One statement of a write may take so long; a connection that says nothing for longer is given up.
PATIENCE_SECONDS = 60.0


class WriteFailed(Exception):
    """A write of the task's own raised; `__cause__` is what. Nothing of the transaction stays."""


class WriteLost(WriteFailed):
    """The database went away in the middle of a write."""


def write_all(writes: Iterable[Write]) -> None:
    """Call it within that transaction, once the fence holds. Raises WriteFailed or WriteLost."""
    for write in writes:
        try:
            with patience(PATIENCE_SECONDS):
                write()
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise (WriteLost if _is_connection_lost() else WriteFailed) from error
    if transaction.get_rollback():
        raise WriteFailed from transaction.TransactionManagementError(
            "A write of the task asked for a rollback of the transaction that records its success."
        )
    _let_none_raise_after_the_commit()


def _let_none_raise_after_the_commit() -> None:
    """What the writes gave to on_commit() runs when all is recorded: Django logs its errors, as with robust=True."""
    waiting: list[Any] = connection.run_on_commit  # of three parts; the stubs know two
    waiting[:] = [(savepoints, call, True) for savepoints, call, _ in waiting]


def _is_connection_lost() -> bool:
    """Asked of the driver, as a failed transaction answers no query. SQLite's can't be lost."""
    return bool(getattr(connection.connection, "closed", False))
