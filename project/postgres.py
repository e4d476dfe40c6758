"""PostgreSQL's connections: one that is of no use any more ends itself, so that whoever tries again gets another."""

from typing import Any

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from jobs.patience import patience, patience_seconds

#: How long a connection may take to show that it lives, before it is lent. Less than the pool's own time limit
#: (4 s), so that whoever waits gets past some dead ones to one that lives.
CHECK_SECONDS = 1.0


class Connection(psycopg.Connection[Any]):
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Every statement passes through here."""
        try:
            return super().wait(gen, interval, patience_seconds() if timeout is None else timeout)
        except ReadOnlySqlTransaction as error:
            # The server was demoted, or is a standby. Django would call it an internal error.
            self.pgconn.finish()
            raise psycopg.OperationalError(f"PostgreSQL takes no writes now: {error}") from error
        except psycopg.OperationalError:
            # Not answered in time: the server or the network is silent, and nobody could tell what a late answer
            # belongs to.
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def check(connection: Connection) -> None:
    """For the pool, before it lends a connection: raises OperationalError if its server does not answer."""
    with patience(CHECK_SECONDS):
        ConnectionPool.check_connection(connection)
