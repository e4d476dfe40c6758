"""Blocked, deferred or ready → cancelled at once; a running job is asked to end, and its worker records it."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.broker import aborts
from jobs.broker.leases import Ack, Lease, ack
from jobs.errors import AlreadyEnded
from jobs.events.emit import publish
from jobs.lifecycle import sql, transition
from jobs.lifecycle.commit import awrite_then_tell, write_then_tell
from jobs.lifecycle.rows import locked
from jobs.lifecycle.webhooks import call_webhooks
from jobs.models import Job
from jobs.models.row import EventRow
from jobs.status import Status


@dataclass(frozen=True, slots=True)
class Cancelled:
    job: Job
    #: None: it runs, and has been asked to end.
    event: EventRow | None


def cancel(job_id: UUID) -> Job:
    """Ends a job that waits: once this is committed, it never starts. Asks one that runs to end; safe to repeat.

    Raises JobNotFound, or AlreadyEnded.
    """
    return write_then_tell(partial(record, job_id), tell).job


async def acancel(job_id: UUID) -> Job:
    """See cancel()."""
    return (await awrite_then_tell(partial(record, job_id), tell)).job


@transaction.atomic
def record(job_id: UUID) -> Cancelled:
    """The first half of cancel(), for who has a thread of his own for it.

    The row's lock decides between a start and this: whichever comes second sees what the first has done.
    """
    job, now = locked(job_id), timezone.now()
    if Status(job.status).is_ended:
        raise AlreadyEnded(
            f"Job {job_id} has ended as {job.status}; only one that waits or runs can be cancelled."
        )
    if job.status != Status.RUNNING:
        event = transition.to(job, Status.CANCELLED, now=now, reason=transition.CANCELLED_ON_REQUEST)
        transition.save([job])
        sql.log([event])
        call_webhooks([job])
        return Cancelled(job, event)
    if job.cancel_requested_at is None:
        job.cancel_requested_at = now
        job.save(update_fields=["cancel_requested_at"])
    return Cancelled(job, None)


async def tell(cancelled: Cancelled) -> None:
    """The second half, once the first is committed."""
    job = cancelled.job
    if cancelled.event is None:
        await aborts.request([job.broker_id])
        return
    await forget([job])
    await publish([cancelled.event])


async def forget(jobs: list[Job]) -> None:
    """Takes jobs that ended while they waited out of their queues. One that was just claimed is left to the worker."""
    await ack(Ack(Lease(job.broker_id, job.queue_name, token="")) for job in jobs)


def asked_to_end() -> list[Job]:
    """Running jobs that somebody wants to end: the sweep asks again, as Redis may have forgotten."""
    asked = Job.objects.filter(status=Status.RUNNING, cancel_requested_at__isnull=False, finished_at=None)
    return list(asked.only("id", "arq_id"))
