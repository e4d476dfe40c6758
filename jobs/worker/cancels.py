"""Ends jobs on request: those that run here, and for all workers those that a stock arq client wants to end."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from jobs.broker import aborts
from jobs.lifecycle import verb
from jobs.lifecycle.audit import By
from jobs.lifecycle.cancel import CANCEL
from jobs.lifecycle.start import is_job_id
from jobs.models import Job, Via
from jobs.status import WAITING
from jobs.store import StoreThread
from jobs.worker.attempt import Attempt, Fate

#: A task is told within two seconds; half of that is for a Redis that is slow to answer.
LOOK_EVERY_SECONDS = 1.0
ARQ_CLIENT = By(via=Via.ARQ)


async def end_cancelled(attempts: Mapping[str, Attempt]) -> None:
    """One look at the requests. An idle worker asks nothing."""
    await asyncio.sleep(LOOK_EVERY_SECONDS)
    for job_id in await aborts.requested(list(attempts)):
        if attempt := attempts.get(job_id):
            attempt.end(Fate.CANCELLED)


async def cancel_aborted(store: StoreThread) -> None:
    """Cancels jobs that wait, where a stock arq client could only ask Redis."""
    if not (asked := await aborts.all_requested()):
        return
    if waiting := await store(_waiting, asked):
        # Not with aact(), whose thread the tasks here share: one of them may hold it up.
        await verb.tell(CANCEL, await store(verb.record, CANCEL, waiting, ARQ_CLIENT))


def _waiting(broker_ids: Sequence[str]) -> list[UUID]:
    ours = [UUID(broker_id) for broker_id in broker_ids if is_job_id(broker_id)]
    waiting = Job.objects.filter(finished_at=None, status__in=WAITING)
    return list(waiting.filter(Q(id__in=ours) | Q(arq_id__in=broker_ids)).values_list("id", flat=True))
