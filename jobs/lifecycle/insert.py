"""Nothing → ready or deferred: calls become rows, each with its first event."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from jobs.lifecycle import belongings, sql, transition
from jobs.lifecycle.unique import give_way
from jobs.models import File, Job
from jobs.models.row import EventRow, JobRow
from jobs.models.statement import Row

#: Rows that one statement carries. Writing them as JSON holds up all other threads, so few: about a millisecond.
MAX_ROWS = 500


#: Of a UUID as text, with hyphens or without.
UUID_LENGTHS = (36, 32)


@dataclass(frozen=True, slots=True)
class Inserted:
    #: For each given job the one that stands for it.
    jobs: list[JobRow]
    #: Those that were not there before.
    new: list[JobRow]
    events: list[EventRow]


def insert(jobs: Sequence[JobRow]) -> Inserted:
    """Stores jobs in one transaction, or within the one that is open; not those whose unique key another job holds."""
    uses = list(uploads_named(jobs))
    takes_several = uses or len(jobs) > MAX_ROWS or any(job.unique_key or job.tags for job in jobs)
    with transaction.atomic() if takes_several else nullcontext():
        standing = give_way(jobs)
        new = [job for job in jobs if job.id not in standing]
        events = [transition.status_event(job, now=job.enqueued_at) for job in new]
        for first in range(0, len(new), MAX_ROWS):
            sql.store(new[first : first + MAX_ROWS], events[first : first + MAX_ROWS])
        if uses := [use for use in uses if use["job_id"] not in standing]:
            belongings.use_uploads(uses)
        if tags := [{"tag": tag, "job_id": job.id} for job in new for tag in {*job.tags}]:
            belongings.tag(tags)
    return Inserted([standing.get(job.id, job) for job in jobs], new, events)


def use_anew(job: Job) -> None:
    """For a job that has got other arguments: it uses the uploads that these name, and no others."""
    File.used_by.through.objects.filter(job=job).delete()
    belongings.use_uploads(uploads_named([job]))


def uploads_named(jobs: Iterable[Job | JobRow]) -> Iterator[Row]:
    """Which job's arguments hold which ids, of uploads maybe: an upload is kept for as long as a job may read it."""
    for job in jobs:
        if job.args or job.kwargs:
            for file_id in {*_ids_in(job.args), *_ids_in(job.kwargs)}:
                yield {"file_id": file_id, "job_id": job.id}


def _ids_in(value: Any) -> Iterator[UUID]:
    match value:
        case str() if len(value) in UUID_LENGTHS:
            with suppress(ValueError):
                yield UUID(value)
        case list():
            for item in value:
                yield from _ids_in(item)
        case dict():
            for item in value.values():
                yield from _ids_in(item)
