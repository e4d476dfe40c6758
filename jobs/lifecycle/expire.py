"""A waiting job whose deadline has passed → failed: no attempt may start after it."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from jobs.errors import DeadlinePassed
from jobs.lifecycle import sql, transition
from jobs.lifecycle.webhooks import call_webhooks
from jobs.models import Job
from jobs.models.job import JobQuerySet
from jobs.models.row import EventRow
from jobs.status import WAITING, Status

#: Jobs that one transaction expires.
MAX_BATCH = 500


@transaction.atomic
def expire_passed() -> tuple[list[Job], list[EventRow]]:
    """Fails at most MAX_BATCH of the jobs that have waited too long; answers them and their events."""
    now = timezone.now()
    # Rows that a start or a cancel holds at this moment will be dealt with there.
    jobs = list(passed(now).select_for_update(skip_locked=True)[:MAX_BATCH])
    events = [event for job in jobs for event in expire(job, now)]
    transition.save(jobs)
    sql.log(events)
    call_webhooks(jobs)
    return jobs, events


def are_any() -> bool:
    """Whether a job has waited too long. Takes no lock, so that it costs an idle system one cheap statement."""
    return passed(timezone.now()).exists()


def passed(now: datetime) -> JobQuerySet:
    """Waiting jobs that have become too late, the longest first."""
    not_ended = Job.objects.filter(finished_at=None)  # by which the index is found
    return not_ended.filter(deadline_at__lte=now, status__in=WAITING).order_by("deadline_at")


def is_too_late(job: Job, now: datetime) -> bool:
    return job.deadline_at is not None and job.deadline_at <= now


def expire(job: Job, now: datetime) -> list[EventRow]:
    """Fails a locked row that waits, by way of ready; nothing is saved yet."""
    promoted = [] if job.status == Status.READY else [transition.to(job, Status.READY, now=now)]
    assert job.deadline_at is not None
    sentence = f"It had to start by {job.deadline_at:%Y-%m-%d %H:%M:%S} UTC."
    job.errors.append(transition.error_of(job, DeadlinePassed(sentence), now=now))
    return [*promoted, transition.to(job, Status.FAILED, now=now, reason=sentence)]
