"""What the live layer reads. Each function blocks, and runs in the layer's own thread."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Max, Q

from jobs.access import Access
from jobs.events import log
from jobs.events.shapes import event_json, job_json
from jobs.models import Event, EventKind, Job
from jobs.models.job import JobQuerySet
from jobs.models.shown import show
from jobs.status import ENDED

#: A transaction that ends jobs commits within this, and processes' clocks differ by less.
SETTLED_AFTER = timedelta(seconds=60)
#: Jobs in the snapshot of a feed.
MAX_FEED_JOBS = 50
#: Ids that one statement may name.
MAX_IDS = 1000

type Json = dict[str, Any]
type Seqs = dict[UUID, int]


def job_of(access: Access | None, job_id: UUID) -> Json | None:
    """The job's JSON; None if it is not among those that may be seen."""
    for job in show([job_id]):
        if access is None or access.may_see(job):
            return job_json(job)
    return None


def events_after(job_id: UUID, seq: int) -> list[Json]:
    """At most log.MAX_PAGE."""
    return [event_json(event) for event in log.after(job_id, seq)]


def seqs_of(job_ids: Sequence[UUID]) -> Seqs:
    """The newest event's number of each job that there is."""
    seqs: Seqs = {}
    for ids in batched(job_ids, MAX_IDS):
        rows = Job.objects.filter(id__in=ids).values_list("id", "seq")
        seqs.update(rows.iterator())
    return seqs


def last_ends(job_ids: Sequence[UUID], before: datetime) -> Seqs:
    """Of each job that had ended before that, the number of the event that says so."""
    ends = Event.objects.filter(kind=EventKind.STATUS, at__lt=before, data__status__in=list(ENDED))
    seqs: Seqs = {}
    for ids in batched(job_ids, MAX_IDS):
        rows = ends.filter(job_id__in=ids).values("job_id")
        seqs.update(rows.annotate(Max("seq")).values_list("job_id", "seq__max"))
    return seqs


def newest_jobs(jobs: JobQuerySet, owner_id: Any) -> list[Json]:
    ids = jobs.filter(owner_id=owner_id).order_by("-id").values_list("id", flat=True)
    return [job_json(job) for job in show(ids[:MAX_FEED_JOBS])]


class Changes(NamedTuple):
    """How an owner's jobs differ from what was told of them."""

    #: Jobs with more events, and the numbers of their newest.
    newer: Seqs
    #: Jobs that were told of and have ended long enough ago, or were deleted.
    settled: set[UUID]


def changes_of_owners(told: Mapping[Any, Seqs], since: datetime) -> dict[Any, Changes]:
    """Of each owner's jobs that have not ended, or not before that. Compared here, as an owner may have 100,000 of
    them, which would hold up the event loop."""
    changes = {owner_id: Changes({}, set(seqs)) for owner_id, seqs in told.items()}
    rows = _lately(since).filter(owner_id__in=list(told))
    for owner_id, job_id, seq in rows.values_list("owner_id", "id", "seq").iterator():
        newer, settled = changes[owner_id]
        settled.discard(job_id)
        if told[owner_id].get(job_id, 0) < seq:
            newer[job_id] = seq
    return changes


def events_of_owner(owner_id: Any, since: datetime, most: int) -> list[Json] | None:
    """The events of an owner's jobs since then, in the order of their times; None if they are more than `most`."""
    jobs = _lately(since).filter(owner_id=owner_id)
    rows = Event.objects.filter(job_id__in=jobs.values("id"), at__gte=since).order_by("job_id", "seq")
    events = list(rows[: most + 1])
    return None if len(events) > most else [event_json(event) for event in _by_time(events)]


def _by_time(events: Iterable[Event]) -> list[Event]:
    """Each job's stay in order: what a task says is numbered when it is stored, which may be after what came later."""
    latest: dict[UUID, datetime] = {}

    def time_of(event: Event) -> datetime:
        latest[event.job_id] = max(event.at, latest.get(event.job_id, event.at))
        return latest[event.job_id]

    return sorted(events, key=time_of)


def _lately(since: datetime) -> JobQuerySet:
    return Job.objects.filter(Q(finished_at=None) | Q(finished_at__gte=since))
