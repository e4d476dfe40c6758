"""How something is done to jobs by hand: to one or to many, in one transaction with their events and the audit."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.errors import JobError, JobNotFound
from jobs.lifecycle import sql, unique
from jobs.lifecycle.audit import By, record_jobs
from jobs.lifecycle.commit import awrite_then_tell, write_then_tell
from jobs.lifecycle.webhooks import call_webhooks
from jobs.models import Action, Job
from jobs.models.row import EventRow
from jobs.models.statement import uuid_of


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to one job."""

    job: Job
    #: None: nothing that watchers could see.
    event: EventRow | None
    #: For the audit.
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something that may be done to a job by hand."""

    action: Action
    #: Changes a locked row, in memory. Raises JobError where it can't be done, and then has written nothing.
    apply: Callable[[Job, datetime], Done]
    #: The fields that it may change.
    changes: tuple[str, ...]
    #: Tells Redis of what is committed, and those who watch.
    tell: Callable[[Sequence[Done]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Result:
    done: list[Done]
    refused: dict[UUID, JobError]


def act(verb: Verb, job_id: UUID, by: By) -> Job:
    """Does it to one job. Raises JobNotFound, or why it can't be done; then nothing is written."""
    result: Result = write_then_tell(partial(_record_one, verb, job_id, by), partial(tell, verb))
    return result.done[0].job


async def aact(verb: Verb, job_id: UUID, by: By) -> Job:
    """See act()."""
    result: Result = await awrite_then_tell(partial(_record_one, verb, job_id, by), partial(tell, verb))
    return result.done[0].job


async def aact_on_many(verb: Verb, job_ids: Iterable[UUID], by: By) -> Result:
    """Does it to those of the jobs to which it can be done, in one transaction."""
    return await awrite_then_tell(partial(record, verb, list(job_ids), by), partial(tell, verb))


@transaction.atomic
def _record_one(verb: Verb, job_id: UUID, by: By) -> Result:
    result = record(verb, [job_id], by)
    for refusal in result.refused.values():
        raise refusal
    return result


@transaction.atomic
def record(verb: Verb, job_ids: Iterable[UUID | str], by: By) -> Result:
    """The first half, for who has a thread of his own for it.

    The rows' locks decide between a start and this: whichever comes second sees what the first has done. Jobs are
    locked in the order of their ids, then what has a unique key is done in the order of the keys.
    """
    now, asked = timezone.now(), set(map(uuid_of, job_ids))
    result = Result([], {})
    locked = Job.objects.select_for_update().filter(id__in=asked).order_by("id")
    for job in sorted(locked, key=unique.place):
        asked.discard(job.id)
        try:
            result.done.append(verb.apply(job, now))
        except JobError as error:
            result.refused[job.id] = error
    for missing in asked:
        result.refused[missing] = JobNotFound(
            f"There is no job {missing}; its id may be wrong, or it was pruned."
        )
    sql.change((done.job for done in result.done), verb.changes)
    sql.log(done.event for done in result.done if done.event)
    call_webhooks(done.job for done in result.done)
    record_jobs(by, verb.action, ((done.job.id, done.outcome) for done in result.done), now=now)
    return result


@transaction.atomic
def rehearse(verb: Verb, job_ids: Iterable[UUID], by: By) -> Result:
    """What doing it would come to at this moment; nothing of it stays."""
    result = record(verb, job_ids, by)
    transaction.set_rollback(True)
    return result


async def tell(verb: Verb, result: Result) -> None:
    """The second half, once the first is committed."""
    if result.done:
        await verb.tell(result.done)
