"""Any end → ready, because somebody wants it tried again."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.broker import aborts
from jobs.errors import NotEnded
from jobs.lifecycle import sql, transition, unique
from jobs.lifecycle.announce import announce
from jobs.lifecycle.commit import awrite_then_tell, write_then_tell
from jobs.lifecycle.rows import locked
from jobs.models import Job
from jobs.models.row import EventRow
from jobs.status import Status

REASON = "retried by hand"

_CHANGING = (
    *(*transition.CHANGING, "max_attempts", "run_after", "deadline_at", "cancel_requested_at"),
    *("return_value", "progress", "progress_text"),
)


@dataclass(frozen=True, slots=True)
class Retried:
    job: Job
    event: EventRow


def retry(job_id: UUID) -> Job:
    """Readies an ended job: its errors and events stay, its return value goes, and it has an attempt at least.

    Raises JobNotFound, NotEnded, or UniqueKeyHeld when a newer job with its unique key waits or runs.
    """
    return write_then_tell(partial(_record, job_id), _tell).job


async def aretry(job_id: UUID) -> Job:
    """See retry()."""
    return (await awrite_then_tell(partial(_record, job_id), _tell)).job


@transaction.atomic
def _record(job_id: UUID) -> Retried:
    job, now = locked(job_id), timezone.now()
    if not Status(job.status).is_ended:
        raise NotEnded(f"Job {job_id} is {job.status}; only one that has ended can be tried again by hand.")
    unique.take_back(job)
    _forget_end(job)
    event = transition.to(job, Status.READY, now=now, reason=REASON)
    job.save(update_fields=_CHANGING)
    sql.log([event])
    return Retried(job, event)


def _forget_end(job: Job) -> None:
    # What was left of its attempts stays; if none was, it gets one. `attempt` and `starts` go on counting.
    job.max_attempts = max(job.max_attempts, job.attempt + 1)
    # Whoever asks knows that workers died of it. The count begins anew, or one more death would end it at once.
    job.worker_deaths = 0
    job.run_after = job.deadline_at = job.cancel_requested_at = job.unknown_at = job.finished_at = None
    job.return_value = None
    job.progress, job.progress_text = 0, ""


async def _tell(retried: Retried) -> None:
    await aborts.forget([retried.job.broker_id])
    await announce([retried.job], [retried.event])
