"""Nothing → ready or deferred: a task's call becomes a row."""

from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from jobs.lifecycle import transition
from jobs.lifecycle.announce import announce, announce_from_sync
from jobs.models import Event, Job
from jobs.status import Status
from jobs.task import Task


def enqueue(task: Task, args: list[Any], kwargs: dict[str, Any]) -> Job:
    """Stores the job with its first event; workers hear of it when the surrounding transaction commits."""
    job, event = _store(task, args, kwargs)
    transaction.on_commit(lambda: announce_from_sync([job], [event]), robust=True)
    return job


async def aenqueue(task: Task, args: list[Any], kwargs: dict[str, Any]) -> Job:
    """See enqueue(); the row is committed when this returns, unless the caller's thread has a transaction open."""
    job, event, committed = await sync_to_async(_store_or_wait)(task, args, kwargs)
    if committed:
        await announce([job], [event])
    return job


def _store_or_wait(task: Task, args: list[Any], kwargs: dict[str, Any]) -> tuple[Job, Event, bool]:
    job, event = _store(task, args, kwargs)
    committed = not transaction.get_connection().in_atomic_block
    if not committed:
        transaction.on_commit(lambda: announce_from_sync([job], [event]), robust=True)
    return job, event, committed


def _store(task: Task, args: list[Any], kwargs: dict[str, Any]) -> tuple[Job, Event]:
    now = timezone.now()
    job = Job(
        task_path=task.module_path,
        queue_name=task.queue_name,
        priority=task.priority,
        backend=task.backend,
        args=args,
        kwargs=kwargs,
        owner_id=task.owner_id,
        status=Status.DEFERRED if task.run_after and task.run_after > now else Status.READY,
        max_attempts=task.max_attempts,
        timeout_seconds=None if task.timeout is None else task.timeout.total_seconds(),
        enqueued_at=now,
        run_after=task.run_after,
        seq=1,
    )
    event = transition.status_event(job, now=now)
    with transaction.atomic():
        job.save(force_insert=True)
        event.save(force_insert=True)
    return job, event
