"""Rows of a pull. Each function is one transaction, and blocking: call it through `sync_to_async`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from jobs import JobError
from jobs.models import SyncCollection, SyncedPage, SyncedRecord, SyncRun
from jobs.models.synced import MAX_ETAG_LENGTH

BATCH = 500


class Overtaken(JobError):
    """Another worker goes on with this pull; this one was given up for lost."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a page's records are found in its body."""

    id_field: str
    items_field: str


@dataclass(frozen=True, slots=True)
class Change:
    """A page that is to be stored."""

    records: dict[str, dict[str, Any]]
    etag: str
    #: Empty: it is the last page.
    next_url: str


def begin(*, job_id: str, owner_id: int | None, collection: str, url: str) -> SyncRun:
    """The job's run: a new one, or where an earlier attempt left off."""
    with transaction.atomic():
        target, _ = SyncCollection.objects.get_or_create(owner_id=owner_id, name=collection)
        run, _ = SyncRun.objects.get_or_create(
            job_id=job_id, defaults={"collection": target, "next_url": url}
        )
    return run


def count_known_pages(run: SyncRun) -> int:
    """Pages that the collection's pulls have stored: an estimate of how many there will be."""
    return SyncedPage.objects.filter(collection_id=run.collection_id).count()


def find_page(run: SyncRun, mapping: Mapping) -> SyncedPage | None:
    """What is known of the run's next page, if its records were read in the same way."""
    return SyncedPage.objects.filter(
        collection_id=run.collection_id,
        url=run.next_url,
        id_field=mapping.id_field,
        items_field=mapping.items_field,
    ).first()


def save_changed(run: SyncRun, change: Change, mapping: Mapping, now: datetime) -> None:
    """Stores a page's records, its ETag and the run's new position, or nothing of it. Raises Overtaken."""
    with transaction.atomic():
        url = run.next_url
        _move_on(run, change.next_url, records=len(change.records))
        SyncedRecord.objects.bulk_create(
            [
                SyncedRecord(collection_id=run.collection_id, external_id=key, data=data, fetched_at=now)
                for key, data in change.records.items()
            ],
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["collection", "external_id"],
            update_fields=["data", "fetched_at"],
        )
        _remember_page(run, url, change, mapping, now)


def save_unchanged(run: SyncRun, next_url: str) -> None:
    """Moves the run past a page that was not modified. Raises Overtaken."""
    with transaction.atomic():
        _move_on(run, next_url, unchanged_pages=1)


def count_wait(run: SyncRun) -> None:
    run.waits += 1
    run.save(update_fields=["waits"])


def _remember_page(run: SyncRun, url: str, change: Change, mapping: Mapping, now: datetime) -> None:
    page = SyncedPage.objects.filter(collection_id=run.collection_id, url=url)
    if not change.etag or len(change.etag) > MAX_ETAG_LENGTH:
        page.delete()
        return
    SyncedPage.objects.update_or_create(
        collection_id=run.collection_id,
        url=url,
        defaults={
            "etag": change.etag,
            "next_url": change.next_url,
            "id_field": mapping.id_field,
            "items_field": mapping.items_field,
            "fetched_at": now,
        },
    )


def _move_on(run: SyncRun, next_url: str, *, records: int = 0, unchanged_pages: int = 0) -> None:
    """Advances the run in the row and in memory; past the last page the row goes, and the next pull starts anew."""
    here = SyncRun.objects.filter(pk=run.pk, pages=run.pages)
    run.pages += 1
    run.records += records
    run.unchanged_pages += unchanged_pages
    run.next_url = next_url
    if next_url:
        moved = here.update(
            next_url=next_url, pages=run.pages, records=run.records, unchanged_pages=run.unchanged_pages
        )
    else:
        moved, _ = here.delete()
    if not moved:
        raise Overtaken
