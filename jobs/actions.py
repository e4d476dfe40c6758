"""What an app may do to a job that it has enqueued: `from jobs.actions import cancel, retry, promote, prioritize`, or
their async twins `acancel`, …"""

from typing import Any
from uuid import UUID

from django.tasks import TaskResult

from jobs.errors import JobNotFound
from jobs.lifecycle import cancel as _cancel
from jobs.lifecycle import prioritize as _prioritize
from jobs.lifecycle import promote as _promote
from jobs.lifecycle import retry as _retry
from jobs.result import task_result

#: A job, by what enqueueing it answered or by its id.
type Job = TaskResult[Any, Any] | UUID | str


def cancel(job: Job) -> "TaskResult[Any, Any]":
    """A job that waits never starts once this has committed; one that runs is told within two seconds.

    Raises AlreadyEnded, or JobNotFound.
    """
    return task_result(_cancel.cancel(_id(job)))


async def acancel(job: Job) -> "TaskResult[Any, Any]":
    """See cancel()."""
    return task_result(await _cancel.acancel(_id(job)))


def retry(job: Job) -> "TaskResult[Any, Any]":
    """An ended job runs again, with an attempt more if it has used all; its errors stay, its return value goes.

    Raises NotEnded, JobNotFound, or UniqueKeyHeld when a newer job with its unique key waits or runs.
    """
    return task_result(_retry.retry(_id(job)))


async def aretry(job: Job) -> "TaskResult[Any, Any]":
    """See retry()."""
    return task_result(await _retry.aretry(_id(job)))


def promote(job: Job) -> "TaskResult[Any, Any]":
    """A deferred job may start at once. Raises NotWaiting, or JobNotFound."""
    return task_result(_promote.promote(_id(job)))


async def apromote(job: Job) -> "TaskResult[Any, Any]":
    """See promote()."""
    return task_result(await _promote.apromote(_id(job)))


def prioritize(job: Job, priority: int) -> "TaskResult[Any, Any]":
    """Another priority, −100 to 100, for a job that waits. Raises NotWaiting, or JobNotFound."""
    return task_result(_prioritize.prioritize(_id(job), priority))


async def aprioritize(job: Job, priority: int) -> "TaskResult[Any, Any]":
    """See prioritize()."""
    return task_result(await _prioritize.aprioritize(_id(job), priority))


def _id(job: Job) -> UUID:
    try:
        return UUID(str(job.id if isinstance(job, TaskResult) else job))
    except ValueError as error:
        raise JobNotFound(f"There is no job {job!r}; expected the id of one, or its result.") from error
