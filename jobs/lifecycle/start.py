"""Ready → running: claimed jobs get an attempt, and the fence moves on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from jobs.errors import WorkerLost
from jobs.lifecycle import sql, transition
from jobs.lifecycle.expire import expire, is_too_late
from jobs.models import Job
from jobs.models.row import EventRow, JobRow
from jobs.status import WAITING, Status

#: A job that took so many workers down with it is not given a fourth.
MAX_WORKER_DEATHS = 3

#: Redis' clock says when a job is due; ours may be behind it by so much.
CLOCK_TOLERANCE = timedelta(seconds=1)

#: Statuses that a claimed job may rightly have. One that is READY and was not started is early, or too late.
STARTABLE = (Status.READY, Status.DEFERRED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Started:
    """What became of claimed jobs. One that is in neither list has ended, or never was."""

    jobs: list[JobRow]
    #: Not due yet: claimed because Redis did not hear of a retry's pause.
    early: list[Job]
    events: list[EventRow]


def start(job_ids: Iterable[str], worker_id: str) -> Started:
    """Starts those of the claimed jobs that may start.

    A row that is still running has been claimed because its worker lost the lease: it is rescued first.
    """
    now = timezone.now()
    ids = [parsed for job_id in job_ids if (parsed := _uuid(job_id))]
    with sql.changes():
        jobs = sql.start_ready(ids, worker=worker_id, now=now, due=now + CLOCK_TOLERANCE)
        early: list[Job] = []
        events: list[EventRow] = []
        if others := set(ids) - {job.id for job in jobs}:
            made_ready, early, events = _make_ready(others, now)
            jobs += sql.start_ready(made_ready, worker=worker_id, now=now, due=now + CLOCK_TOLERANCE)
        events += [transition.status_event(job, now=now) for job in jobs]
        sql.log(events)
    return Started(jobs, early, events)


def _make_ready(ids: Iterable[UUID], now: datetime) -> tuple[list[UUID], list[Job], list[EventRow]]:
    """Of jobs that were claimed but are not ready: those that are now, those that are not due, and the events."""
    rows = list(Job.objects.select_for_update().filter(id__in=ids, status__in=STARTABLE).order_by("id"))
    early = [job for job in rows if job.run_after and job.run_after > now + CLOCK_TOLERANCE]
    due = [job for job in rows if job not in early]
    events = [event for job in due for event in _prepare(job, now)]
    transition.save(due)
    return [job.id for job in due], early, events


def _prepare(job: Job, now: datetime) -> list[EventRow]:
    """Makes a due job ready, if it may run again and its deadline has not passed."""
    events = [_rescue(job, now)] if job.status == Status.RUNNING else []
    if job.status in WAITING and is_too_late(job, now):
        return [*events, *expire(job, now)]
    return events + ([transition.to(job, Status.READY, now=now)] if job.status == Status.DEFERRED else [])


def _rescue(job: Job, now: datetime) -> EventRow:
    """The attempt was cut off by no fault of its own: it is given back, but deaths are counted."""
    lost = job.worker_ids[-1]
    job.worker_deaths += 1
    reason = f"worker {lost} was lost"
    if job.cancel_requested_at:
        return transition.to(job, Status.CANCELLED, now=now, reason=transition.CANCELLED_ON_REQUEST)
    if job.worker_deaths < MAX_WORKER_DEATHS:
        job.attempt, job.workers = attempt_given_back(job)
        return transition.to(job, Status.READY, now=now, reason=reason)
    sentence = f"{job.worker_deaths} workers were lost while they ran this job; it is not tried again."
    job.errors.append(transition.error_of(job, WorkerLost(sentence), now=now))
    return transition.to(job, Status.FAILED, now=now, reason=reason)


def attempt_given_back(job: Job | JobRow) -> tuple[int, str]:
    """`attempt` and `workers` as they were before this start; `starts` stays, so that the fence holds."""
    return job.attempt - 1, "".join(f"{worker}\n" for worker in job.worker_ids[:-1])


def _uuid(text: str) -> UUID | None:
    """None for the id of a job that a stock arq client made up: it has no row."""
    try:
        return UUID(text)
    except ValueError:
        return None
