"""What a task itself writes in the transaction that records its success."""

from collections.abc import Callable, Iterable

from django.db import InterfaceError, OperationalError, connection, transaction

type Write = Callable[[], object]


class WriteFailed(Exception):
    """A write of the task's own raised; `__cause__` is what. Nothing of the transaction stays."""


def write_all(writes: Iterable[Write]) -> None:
    """Call it within that transaction, once the fence holds.

    Raises WriteFailed; but if the database went away meanwhile, the error that says so: it may be tried again.
    """
    for write in writes:
        try:
            write()
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if isinstance(error, OperationalError | InterfaceError) and _is_connection_lost():
                raise
            raise WriteFailed from error
    if transaction.get_rollback():
        raise WriteFailed from transaction.TransactionManagementError(
            "A write of the task asked for a rollback of the transaction that records its success."
        )


def _is_connection_lost() -> bool:
    """Asked of the driver, as a failed transaction answers no query. SQLite's can't be lost."""
    return bool(getattr(connection.connection, "closed", False))
