"""Nothing → ready: the call of a task that a stock arq client put into Redis becomes a job."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from django.db import transaction

from jobs.arguments import bind, storable
from jobs.broker.calls import Call
from jobs.errors import InvalidArguments
from jobs.lifecycle.enqueue import new_job
from jobs.lifecycle.insert import insert
from jobs.models import Job
from jobs.models.row import EventRow, JobRow
from jobs.task import Task

MAX_ID_LENGTH = 200


def adopted(task: Task, call: Call, *, arq_id: str, queue: str) -> JobRow:
    """The row that the call will have. Raises InvalidArguments or ArgumentsTooLarge."""
    if len(arq_id) > MAX_ID_LENGTH or arq_id != storable(arq_id):
        raise InvalidArguments(
            f"A job's id must have at most {MAX_ID_LENGTH} characters, and no NUL; got {len(arq_id)}."
        )
    job = new_job(task.using(queue_name=queue), *bind(task, tuple(call.a), call.k))
    return replace(job, arq_id=arq_id, enqueued_at=datetime.fromtimestamp(call.et / 1000, UTC))


@transaction.atomic
def adopt(jobs: Iterable[JobRow]) -> list[EventRow]:
    """Stores those that have no row yet: a worker may have died between this and its answer to Redis."""
    by_call = {(job.arq_id, job.enqueued_at): job for job in jobs}
    known = Job.objects.filter(arq_id__in=[job.arq_id for job in by_call.values()]).exclude(arq_id="")
    for call in known.values_list("arq_id", "enqueued_at"):
        by_call.pop(call, None)
    # Two workers may have the same calls: in one order, so that neither waits for the other.
    return insert([by_call[call] for call in sorted(by_call)]).events
