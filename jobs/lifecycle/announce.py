"""After the commit: Redis hears of the jobs, watchers of the events."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import batched

from jobs.broker.client import BROKER_ERRORS
from jobs.broker.envelope import envelope
from jobs.broker.ready import Waiting, push
from jobs.events.emit import publish
from jobs.models import Job
from jobs.models.row import EventRow, JobRow
from jobs.rules.milliseconds import in_ms, unix_ms

logger = logging.getLogger(__name__)

#: After so many jobs others on the loop have their turn: about a millisecond.
SLICE = 100


async def announce(jobs: Sequence[Job | JobRow], events: Sequence[EventRow]) -> None:
    """Pushes committed jobs and publishes their events."""
    if await push_stored(jobs):
        await publish(events)


async def push_stored(jobs: Sequence[Job | JobRow]) -> bool:
    """Whether Redis took the committed jobs. If not, the sweep pushes them when it is back."""
    try:
        for some in batched(jobs, SLICE):
            await push(waiting(job) for job in some)
    except BROKER_ERRORS as error:
        logger.warning("Redis is away; %d stored jobs will be pushed when it is back: %r", len(jobs), error)
        return False
    return True


def waiting(job: Job | JobRow, token: str = "") -> Waiting:
    """The job as the broker knows it; `token` gives back the lease under which it ran."""
    return Waiting(
        job_id=job.broker_id,
        queue=job.queue_name,
        due_ms=0 if job.run_after is None else unix_ms(job.run_after),
        priority=job.priority,
        envelope=envelope(
            task_path=job.task_path, enqueued_at_ms=unix_ms(job.enqueued_at), priority=job.priority
        ),
        token=token,
    )


def waiting_on(job: Job | JobRow, pause: timedelta, token: str) -> Waiting:
    """A job that was claimed, and waits for that long on Redis' clock, however it differs from ours."""
    return replace(waiting(job, token), due_ms=-max(1, in_ms(pause)))
