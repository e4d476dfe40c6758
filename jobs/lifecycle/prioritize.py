"""Another priority for a job that waits; it keeps its age."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY

from jobs.broker.ready import Waiting, push
from jobs.errors import NotWaiting
from jobs.events.emit import publish
from jobs.lifecycle import transition
from jobs.lifecycle.announce import waiting
from jobs.lifecycle.audit import CODE, By
from jobs.lifecycle.verb import Done, Verb, aact, act
from jobs.models import Action, Job
from jobs.rules.milliseconds import unix_ms
from jobs.status import WAITING, Status


def prioritize(job_id: UUID, priority: int, *, by: By = CODE) -> Job:
    """Of the due jobs the higher starts first. Raises JobNotFound, NotWaiting, or ValueError beyond ±100."""
    return act(prioritizing(priority), job_id, by)


async def aprioritize(job_id: UUID, priority: int, *, by: By = CODE) -> Job:
    """See prioritize()."""
    return await aact(prioritizing(priority), job_id, by)


def _apply(job: Job, now: datetime, *, priority: int) -> Done:
    if job.status not in WAITING:
        raise NotWaiting(f"Job {job.id} is {job.status}; only one that waits can have another priority.")
    if job.priority == priority:
        return Done(job, None, f"was {priority}")
    reason = f"priority {job.priority} → {priority}"
    job.priority, job.seq = priority, job.seq + 1
    return Done(job, transition.status_event(job, now=now, reason=reason), reason)


async def _tell(prioritized: Sequence[Done]) -> None:
    changed = [done for done in prioritized if done.event]
    await push(_waiting(done.job) for done in changed if done.job.status != Status.BLOCKED)
    await publish([done.event for done in changed if done.event])


def _waiting(job: Job) -> Waiting:
    """With the time since when it is due, so that it does not go behind those of its new priority that are younger."""
    return replace(waiting(job), due_ms=unix_ms(job.run_after or job.enqueued_at))


def prioritizing(priority: int) -> Verb:
    """Raises ValueError."""
    if not TASK_MIN_PRIORITY <= priority <= TASK_MAX_PRIORITY:
        raise ValueError(f"Expected {TASK_MIN_PRIORITY} to {TASK_MAX_PRIORITY}, got {priority}.")
    return Verb(
        action=Action.PRIORITIZE,
        apply=partial(_apply, priority=priority),
        changes=("seq", "priority"),
        tell=_tell,
    )
