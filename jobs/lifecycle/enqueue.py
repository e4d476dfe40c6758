"""A task's call becomes a job, in the caller's transaction if there is one; workers hear of it after the commit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from asgiref.sync import AsyncToSync
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobs.lifecycle.announce import announce
from jobs.lifecycle.commit import awrite_then_tell, write_then_tell
from jobs.lifecycle.insert import Inserted, insert
from jobs.lifecycle.intake import take_in
from jobs.lifecycle.unique import key_of
from jobs.models.row import JobRow
from jobs.redaction import redact
from jobs.status import Status
from jobs.task import Task


def new_job(task: Task, args: list[Any], kwargs: dict[str, Any]) -> JobRow:
    """The job that a call of the task makes; nothing is stored yet."""
    now = timezone.now()
    run_after = task.run_after and task.run_after.astimezone(UTC)
    unique_key = key_of(task, args, kwargs)
    args, kwargs, secrets = redact(task, args, kwargs)
    return JobRow(
        id=uuid7(),
        task_path=task.module_path,
        queue_name=task.queue_name,
        priority=task.priority,
        backend=task.backend,
        args=args,
        kwargs=kwargs,
        owner_id=task.owner_id,
        status=Status.DEFERRED if run_after and run_after > now else Status.READY,
        seq=1,
        attempt=0,
        max_attempts=task.max_attempts,
        starts=0,
        timeout_seconds=None if task.timeout is None else task.timeout.total_seconds(),
        deadline_at=_later(max(now, run_after or now), task.deadline),
        unique_key=unique_key,
        secrets=secrets,
        arq_id="",
        webhook_id=task.webhook_id,
        enqueued_at=now,
        run_after=run_after,
        started_at=None,
        last_attempted_at=None,
        workers="",
        errors=[],
        tags=list(task.tags),
        traceparent=task.traceparent,
        key_held_until=_later(now, task.unique_for),
    )


def _later(moment: datetime, duration: timedelta | None) -> datetime | None:
    """None too for an instant that no clock will ever show."""
    try:
        return None if duration is None else moment + duration
    except OverflowError:
        return None


def enqueue(jobs: Sequence[JobRow]) -> list[JobRow]:
    """Stores all of the jobs or none; answers those that stand for them."""
    return write_then_tell(partial(insert, jobs), _tell).jobs


async def aenqueue(job: JobRow) -> JobRow:
    """See enqueue(); the row is committed when this returns, unless sync code above has a transaction open."""
    if _is_called_from_sync_code():
        [job] = await aenqueue_many([job])
        return job
    return await take_in(job)


async def aenqueue_many(jobs: Sequence[JobRow]) -> list[JobRow]:
    """See enqueue() and aenqueue()."""
    return (await awrite_then_tell(partial(insert, jobs), _tell)).jobs


async def _tell(inserted: Inserted) -> None:
    await announce(inserted.new, inserted.events)


def _is_called_from_sync_code() -> bool:
    """Whether async_to_sync is above: its thread may have a transaction open, and the ORM has to run there."""
    return getattr(AsyncToSync.executors, "current", None) is not None
