"""Nothing → ready or deferred: calls become rows, each with its first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from django.db import transaction

from jobs.lifecycle import sql, transition
from jobs.lifecycle.unique import give_way
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
    """Stores jobs in one transaction, or within the one that is open; not those whose unique key another job holds."""
    with transaction.atomic():
        standing = give_way(jobs)
        new = [job for job in jobs if job.id not in standing]
        events = [transition.status_event(job, now=job.enqueued_at) for job in new]
        for rows in batched(new, MAX_ROWS):
            sql.store(rows)
        for lines in batched(events, MAX_ROWS):
            sql.log(lines)
    return Inserted([standing.get(job.id, job) for job in jobs], new, events)
