"""Submit once: a key is stored in the transaction that stores its jobs, and whoever repeats it gets the same answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from jobs.errors import KeyReused
from jobs.lifecycle.announce import announce
from jobs.lifecycle.commit import awrite_then_tell
from jobs.lifecycle.insert import Inserted, insert
from jobs.models import IdempotencyKey
from jobs.models.row import JobRow

#: How long a key holds.
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An owner's key for one request; see IdempotencyKey for what each field means."""

    digest: str
    owner_id: Any
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Stored:
    answer: Any
    inserted: Inserted | None


async def answer_to(key: Key) -> Any:
    """What was answered when the key came first; None if it did not. Raises KeyReused."""
    row = await IdempotencyKey.objects.filter(digest=key.digest, created_at__gt=_end()).afirst()
    return row and _answer_of(row, key)


async def aenqueue_once(
    key: Key, jobs: Sequence[JobRow], answer: Callable[[Sequence[JobRow]], Any]
) -> tuple[Any, list[JobRow]]:
    """Stores the jobs, or none if the key has come before.

    `answer` makes what is answered of the jobs that stand for the given ones, within the transaction. Answers that, or
    what was answered before; and the jobs that are new. Raises KeyReused.
    """
    stored = await awrite_then_tell(partial(_store, key, jobs, answer), _tell)
    return stored.answer, stored.inserted.new if stored.inserted else []


@transaction.atomic
def _store(key: Key, jobs: Sequence[JobRow], answer: Callable[[Sequence[JobRow]], Any]) -> _Stored:
    """Of two at the same time the second waits here for the first's commit, and gets its answer."""
    row, is_new = _take(key)
    if not is_new:
        return _Stored(_answer_of(row, key), None)
    inserted = insert(jobs)
    answered = answer(inserted.jobs)
    row.answer = msgspec.json.encode(answered).decode()
    row.save(update_fields=["answer"])
    return _Stored(answered, inserted)


def _take(key: Key) -> tuple[IdempotencyKey, bool]:
    IdempotencyKey.objects.filter(digest=key.digest, created_at__lte=_end()).delete()
    return IdempotencyKey.objects.get_or_create(
        digest=key.digest,
        defaults={
            "owner_id": key.owner_id,
            "fingerprint": key.fingerprint,
            "created_at": timezone.now(),
        },
    )


def _answer_of(row: IdempotencyKey, key: Key) -> Any:
    if row.fingerprint != key.fingerprint:
        raise KeyReused
    return msgspec.json.decode(row.answer)


def _end() -> datetime:
    """What was stored then or before holds no more."""
    return timezone.now() - KEPT


async def _tell(stored: _Stored) -> None:
    if stored.inserted:
        await announce(stored.inserted.new, stored.inserted.events)
