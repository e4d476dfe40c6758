"""Retention: jobs that ended long ago are deleted with all that belongs to them, uploads that no job needs too."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from jobs.conf import options
from jobs.lifecycle.once import KEPT
from jobs.lifecycle.unique import let_go
from jobs.models import AuditRecord, Event, File, IdempotencyKey, Job, Tag, UniqueKey
from jobs.rules.milliseconds import unix_ms

#: Rows that one transaction deletes, with what belongs to them.
MAX_BATCH = 500
#: Events among that: a task that streams may have more of them than a transaction should take.
MAX_EVENTS = 20_000

#: How long it is known who did what by hand: longer than jobs are, and not for ever, as addresses tell of people.
KEEP_AUDIT = timedelta(days=90)

logger = logging.getLogger(__name__)


def batches(now: datetime) -> Iterator[int]:
    """Deletes what has been kept for long enough, a batch each step; yields how many rows each had."""
    while pruned := _prune_keys(now - KEPT):
        yield pruned
    while pruned := _prune_audit(now - KEEP_AUDIT):
        yield pruned
    if (seconds := options().keep_seconds) is not None:
        before = now - timedelta(seconds=seconds)
        yield from _prune_long_logs(before)
        yield from _walk(_prune_jobs, before)
        yield from _walk(_prune_uploads, before)


def _walk[Row: (Job, File)](prune: Callable[[UUID, datetime], list[Row]], before: datetime) -> Iterator[int]:
    """By id, which begins with the time: what is too young is never looked at, and no index is needed for it."""
    last = UUID(int=0)
    while rows := prune(last, before):
        last = rows[-1].id
        yield len(rows)


def _prune_audit(before: datetime) -> int:
    old = AuditRecord.objects.filter(id__lt=first_id_at(before)).order_by("id").values("id")[:MAX_BATCH]
    number, _ = AuditRecord.objects.filter(id__in=old).delete()
    return number


def _prunable(before: datetime) -> QuerySet[Job]:
    is_held = UniqueKey.objects.filter(job=OuterRef("id"), held_until__gt=timezone.now())
    ended = Job.objects.filter(id__lt=first_id_at(before), finished_at__lt=before)
    return ended.filter(~Exists(is_held))


def _prune_long_logs(before: datetime) -> Iterator[int]:
    """Of a job with too many events for one transaction, all but the newest."""
    for job_id, last in _prunable(before).filter(seq__gt=MAX_EVENTS).values_list("id", "seq"):
        for seq in range(MAX_EVENTS, last, MAX_EVENTS):
            Event.objects.filter(job_id=job_id, seq__lte=seq).delete()
            yield 0


def _prune_keys(before: datetime) -> int:
    """Of submissions that may be repeated."""
    over = IdempotencyKey.objects.filter(created_at__lte=before).values_list("digest", flat=True)
    deleted, _ = IdempotencyKey.objects.filter(digest__in=list(over[:MAX_BATCH])).delete()
    return deleted


@transaction.atomic
def _prune_jobs(after: UUID, before: datetime) -> list[Job]:
    """One that is being retried by hand at this moment is locked, and passed over."""
    rows = _prunable(before).filter(id__gt=after).only("id", "seq", "tags").order_by("id")
    jobs = list(_with_few_events(rows.select_for_update(skip_locked=True)[:MAX_BATCH]))
    kept = {file.job_id for file in _without_content(File.objects.filter(job__in=jobs))}
    pruned = [job for job in jobs if job.id not in kept]
    let_go(pruned)
    _prune_tags(pruned)
    Job.objects.filter(id__in=[job.id for job in pruned]).delete()
    return jobs


def _with_few_events(jobs: Iterable[Job]) -> Iterator[Job]:
    """The first of them, and those after it that still fit into one transaction."""
    events = 0
    for job in jobs:
        events += min(job.seq, MAX_EVENTS)
        if events > MAX_EVENTS:
            return
        yield job


def _prune_tags(jobs: list[Job]) -> None:
    """The key of a tag begins with its text."""
    if tags := {tag for job in jobs for tag in job.tags}:
        Tag.objects.filter(tag__in=tags, job__in=jobs).delete()


@transaction.atomic
def _prune_uploads(after: UUID, before: datetime) -> list[File]:
    rows = File.objects.unused().filter(id__gt=after, id__lt=first_id_at(before), created_at__lt=before)
    files = list(rows.order_by("id")[:MAX_BATCH])
    kept = {file.id for file in _without_content(files)}
    File.objects.filter(id__in=[file.id for file in files if file.id not in kept]).delete()
    return files


def _without_content(files: Iterable[File]) -> Iterator[File]:
    """Deletes the bytes, before the rows: a crash in between leaves a row that is found again, not bytes that nobody
    knows of. Answers the files whose bytes could not be deleted; their rows stay until they can."""
    for file in files:
        assert file.content.name
        try:
            file.content.storage.delete(file.content.name)
        except Exception as error:  # noqa: BLE001  each storage has its own
            logger.warning(
                "The content of file %s could not be deleted, and is tried again later: %r", file.id, error
            )
            yield file


def first_id_at(moment: datetime) -> UUID:
    """The lowest UUIDv7 of that millisecond (RFC 9562 §5.7)."""
    return UUID(int=unix_ms(moment) << 80)
