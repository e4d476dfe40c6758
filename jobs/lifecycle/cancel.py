"""Blocked, deferred or ready → cancelled at once; a running job is asked to end, and its worker records it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from jobs.broker import aborts
from jobs.broker.leases import Ack, Lease, ack
from jobs.errors import AlreadyEnded
from jobs.events.emit import publish
from jobs.lifecycle import transition
from jobs.lifecycle.audit import CODE, By
from jobs.lifecycle.verb import Done, Verb, aact, act
from jobs.models import Action, Job
from jobs.status import Status

ASKED_TO_END = "asked to end"


def cancel(job_id: UUID, *, by: By = CODE) -> Job:
    """Ends a job that waits: once this is committed, it never starts. Asks one that runs to end; safe to repeat.

    Raises JobNotFound, or AlreadyEnded.
    """
    return act(CANCEL, job_id, by)


async def acancel(job_id: UUID, *, by: By = CODE) -> Job:
    """See cancel()."""
    return await aact(CANCEL, job_id, by)


def _apply(job: Job, now: datetime) -> Done:
    if Status(job.status).is_ended:
        raise AlreadyEnded(
            f"Job {job.id} has ended as {job.status}; only one that waits or runs can be cancelled."
        )
    if job.status != Status.RUNNING:
        event = transition.to(job, Status.CANCELLED, now=now, reason=transition.CANCELLED_ON_REQUEST)
        return Done(job, event, Status.CANCELLED)
    job.cancel_requested_at = job.cancel_requested_at or now
    return Done(job, None, ASKED_TO_END)


async def _tell(cancelled: Sequence[Done]) -> None:
    await aborts.request(done.job.broker_id for done in cancelled if done.event is None)
    await forget(done.job for done in cancelled if done.event)
    await publish([done.event for done in cancelled if done.event])


CANCEL = Verb(
    action=Action.CANCEL,
    apply=_apply,
    changes=("status", "seq", "finished_at", "cancel_requested_at"),
    tell=_tell,
)


async def forget(jobs: Iterable[Job]) -> None:
    """Takes jobs that ended while they waited out of their queues. One that was just claimed is left to the worker."""
    await ack(Ack(Lease(job.broker_id, job.queue_name, token="")) for job in jobs)


def asked_to_end() -> list[Job]:
    """Running jobs that somebody wants to end: the sweep asks again, as Redis may have forgotten."""
    asked = Job.objects.filter(status=Status.RUNNING, cancel_requested_at__isnull=False, finished_at=None)
    return list(asked.only("id", "arq_id"))
