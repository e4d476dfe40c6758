"""Any end → ready, because somebody wants it tried again, maybe with other arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self
from uuid import UUID

from jobs.arguments import bind
from jobs.broker import aborts
from jobs.errors import NotEnded
from jobs.lifecycle import sql, transition, unique
from jobs.lifecycle.announce import announce
from jobs.lifecycle.audit import CODE, By
from jobs.lifecycle.insert import use_anew
from jobs.lifecycle.verb import Done, Verb, aact, act
from jobs.models import Action, Job
from jobs.redaction import redact
from jobs.status import Status
from jobs.task import Task

REASON = "retried by hand"
REASON_EDITED = "retried by hand with other arguments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Those with which a job is tried again, as the row keeps them."""

    args: list[Any]
    kwargs: dict[str, Any]
    secrets: str
    #: None: as it was.
    unique_key: str | None

    @classmethod
    def of(cls, task: Task, kwargs: dict[str, Any]) -> Self:
        """Raises InvalidArguments or ArgumentsTooLarge."""
        bound = bind(task, (), kwargs)
        key = unique.key_of(task, *bound) if callable(task.unique_key) else None
        args, kwargs, secrets = redact(task, *bound)
        return cls(args=args, kwargs=kwargs, secrets=secrets, unique_key=key)

    def put_into(self, job: Job) -> None:
        job.args, job.kwargs, job.secrets = self.args, self.kwargs, self.secrets
        if self.unique_key is not None:
            job.unique_key = self.unique_key


def retry(job_id: UUID, *, by: By = CODE) -> Job:
    """Readies an ended job: its errors and events stay, its return value goes, and it has an attempt at least.

    Raises JobNotFound, NotEnded, or UniqueKeyHeld when a newer job with its unique key waits or runs.
    """
    return act(RETRY, job_id, by)


async def aretry(job_id: UUID, *, arguments: Arguments | None = None, by: By = CODE) -> Job:
    """See retry(); with other arguments, those it had are gone."""
    return await aact(retrying(arguments), job_id, by)


def _apply(job: Job, now: datetime, *, arguments: Arguments | None) -> Done:
    if not Status(job.status).is_ended:
        raise NotEnded(f"Job {job.id} is {job.status}; only one that has ended can be tried again by hand.")
    key_before = unique.digest_of(job)
    if arguments:
        arguments.put_into(job)
    unique.take_back(job, key_before)
    if arguments:
        use_anew(job)
    _forget_end(job)
    reason = REASON_EDITED if arguments else REASON
    event = transition.to(job, Status.READY, now=now, reason=reason)
    if job.unique_key:
        # Another of this batch may want the same key, and has to find it held.
        sql.change([job], _CHANGES)
    return Done(job, event, reason)


def _forget_end(job: Job) -> None:
    # What was left of its attempts stays; if none was, it gets one. `attempt` and `starts` go on counting.
    job.max_attempts = max(job.max_attempts, job.attempt + 1)
    # Whoever asks knows that workers died of it. The count begins anew, or one more death would end it at once.
    job.worker_deaths = 0
    job.run_after = job.deadline_at = job.cancel_requested_at = job.unknown_at = job.finished_at = None
    job.return_value = None
    job.progress, job.progress_text = 0, ""


async def _tell(retried: Sequence[Done]) -> None:
    await aborts.forget(done.job.broker_id for done in retried)
    await announce([done.job for done in retried], [done.event for done in retried if done.event])


_CHANGES = (
    *("status", "seq", "max_attempts", "worker_deaths", "run_after", "deadline_at", "cancel_requested_at"),
    *("unknown_at", "finished_at", "return_value", "progress", "progress_text"),
    *("args", "kwargs", "secrets", "unique_key"),
)


def retrying(arguments: Arguments | None) -> Verb:
    return Verb(action=Action.RETRY, apply=partial(_apply, arguments=arguments), changes=_CHANGES, tell=_tell)


RETRY = retrying(None)
