"""Nothing → ready or deferred: calls become rows, each with its first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from django.db import transaction

from jobs.lifecycle import sql, transition
from jobs.models.row import EventRow, JobRow

#: Rows that one statement carries.
MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Inserted:
    #: For each given job the one that stands for it.
    jobs: list[JobRow]
    #: Those that were not there before.
    new: list[JobRow]
    events: list[EventRow]


def insert(jobs: Sequence[JobRow]) -> Inserted:
    """Stores jobs in one transaction, or within the one that is open."""
    events = [transition.status_event(job, now=job.enqueued_at) for job in jobs]
    with transaction.atomic():
        for rows in batched(jobs, MAX_ROWS):
            sql.store(rows)
        for lines in batched(events, MAX_ROWS):
            sql.log(lines)
    return Inserted(list(jobs), list(jobs), events)
