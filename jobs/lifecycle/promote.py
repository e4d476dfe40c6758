"""Deferred → ready before its time, because somebody wants it run now."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from jobs.errors import NotWaiting
from jobs.lifecycle import transition
from jobs.lifecycle.announce import announce
from jobs.lifecycle.audit import CODE, By
from jobs.lifecycle.verb import Done, Verb, aact, act
from jobs.models import Action, Job
from jobs.status import Status

REASON = "promoted by hand"


def promote(job_id: UUID, *, by: By = CODE) -> Job:
    """A deferred job may start at once; one that is ready stays so. Raises JobNotFound, or NotWaiting."""
    return act(PROMOTE, job_id, by)


async def apromote(job_id: UUID, *, by: By = CODE) -> Job:
    """See promote()."""
    return await aact(PROMOTE, job_id, by)


def _apply(job: Job, now: datetime) -> Done:
    match job.status:
        case Status.READY:
            return Done(job, None, "was ready")
        case Status.DEFERRED:
            job.run_after = None
            return Done(job, transition.to(job, Status.READY, now=now, reason=REASON), Status.READY)
    raise NotWaiting(f"Job {job.id} is {job.status}; only one that is deferred can be promoted.")


async def _tell(promoted: Sequence[Done]) -> None:
    changed = [done for done in promoted if done.event]
    await announce([done.job for done in changed], [done.event for done in changed if done.event])


PROMOTE = Verb(action=Action.PROMOTE, apply=_apply, changes=("status", "seq", "run_after"), tell=_tell)
