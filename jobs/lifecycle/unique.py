"""At most one job of an owner, a task and a unique key waits or runs; others that are enqueued give way to it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from hashlib import sha256
from typing import Any

from django.utils import timezone

from jobs.arguments import storable
from jobs.errors import InvalidArguments, UniqueKeyHeld
from jobs.lifecycle import belongings
from jobs.models import Job, UniqueKey
from jobs.models.row import JobRow
from jobs.status import ACTIVE, Status
from jobs.task import Task

type Digest = str

MAX_KEY_LENGTH = 200


def key_of(task: Task, args: list[Any], kwargs: dict[str, Any]) -> str:
    """The unique key of a call; empty: none. Raises InvalidArguments for what can't be one."""
    key = task.unique_key(*args, **kwargs) if callable(task.unique_key) else task.unique_key or ""
    if not isinstance(key, str):
        raise InvalidArguments(
            f"{task.public_name}: unique_key must answer a text, got {type(key).__name__}."
        )
    if len(key) > MAX_KEY_LENGTH or key != storable(key):
        raise InvalidArguments(
            f"{task.public_name}: the unique key must have at most {MAX_KEY_LENGTH} characters, and neither NUL nor "
            f"half a surrogate pair; got {len(key)}."
        )
    return key


def give_way(jobs: Sequence[JobRow]) -> dict[Any, JobRow]:
    """Takes the unique keys of new jobs, in the transaction that stores them.

    Answers, by the ids of those that must not be stored, the job that stands for each.
    """
    keyed = [(job, digest_of(job)) for job in jobs if job.unique_key]
    if not keyed:
        return {}
    first: dict[Digest, JobRow] = {}
    for job, digest in keyed:
        first.setdefault(digest, job)
    standing = first | _holders(first.keys() - _hold(first))
    return {job.id: standing[digest] for job, digest in keyed if standing[digest] is not job}


def _hold(candidates: dict[Digest, JobRow]) -> set[Digest]:
    """Those that got their keys. What a waiting statement sees of other tables is from before its wait; so one locks
    what is there, and the next judges it."""
    rows = [
        {"digest": digest, "job_id": job.id, "held_until": job.key_held_until}
        for digest, job in candidates.items()
    ]
    taken = belongings.take_keys(rows)
    if there := [row for row in rows if row["digest"] not in taken]:
        taken |= belongings.take_over_keys(there, now=timezone.now())
    return taken


def _holders(digests: set[Digest]) -> dict[Digest, JobRow]:
    held = UniqueKey.objects.filter(digest__in=digests).select_related("job") if digests else ()
    return {key.digest: _row(key.job) for key in held}


def _row(job: Job) -> JobRow:
    columns = {field.name for field in fields(JobRow) if field.init} - {"key_held_until", "status"}
    return JobRow(**{name: getattr(job, name) for name in columns}, status=Status(job.status))


def place(job: Job) -> Digest:
    """Sorts jobs whose keys are to be taken back; those without one come first."""
    return digest_of(job) if job.unique_key else ""


def take_back(job: Job, before: Digest) -> None:
    """For an ended job that is to run again. Of the key that it had `before`, if that is another, it lets go: whoever
    enqueues with it is not to find this job. Raises UniqueKeyHeld when another has the key and has not ended."""
    digest = digest_of(job)
    if job.unique_key:
        belongings.take_keys({"digest": each, "job_id": job.id} for each in {before, digest})
        _check_free(job, digest)
        UniqueKey.objects.filter(digest=digest).update(job=job)
    if digest != before:
        UniqueKey.objects.filter(digest=before, job=job).delete()


def _check_free(job: Job, digest: Digest) -> None:
    holder = Job.objects.filter(
        id__in=UniqueKey.objects.filter(digest=digest).values("job"), status__in=ACTIVE
    )
    if held_by := holder.exclude(id=job.id).only("id").first():
        raise UniqueKeyHeld(
            f"Job {held_by.id} holds the unique key {job.unique_key!r}; wait until it has ended, or cancel it."
        )


def let_go(jobs: Iterable[Job]) -> None:
    """The keys of jobs that are about to be deleted."""
    keys = UniqueKey.objects.select_for_update().filter(job__in=jobs).order_by("digest")
    UniqueKey.objects.filter(digest__in=list(keys.values_list("digest", flat=True))).delete()


def digest_of(job: Job | JobRow) -> Digest:
    return sha256(json.dumps([job.owner_id, job.task_path, job.unique_key], default=str).encode()).hexdigest()
