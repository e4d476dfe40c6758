"""Ready → running: claimed jobs get an attempt, and the fence moves on."""

import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from jobs.errors import LeaseOver, UnknownTask, WorkerLost
from jobs.lifecycle import sql, transition
from jobs.lifecycle.expire import expire, is_too_late
from jobs.lifecycle.webhooks import call_webhooks
from jobs.models import Job
from jobs.models.row import EventRow, JobRow
from jobs.rules.unknown import is_given_up, pause_after
from jobs.status import WAITING, Status
from jobs.task import find_task, known_paths

#: A job that took so many workers down with it is not given a fourth.
MAX_WORKER_DEATHS = 3

_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Redis' clock says when a job is due; ours may be behind it by so much.
CLOCK_TOLERANCE = timedelta(seconds=1)

#: For so long a claimed job is put off whose row somebody else has locked: whoever has locked others already, and waits
#: for it, does so out of the order of all locks.
HELD_PAUSE = timedelta(milliseconds=100)

#: Statuses that a claimed job may rightly have. One that is READY and was not started is early, or too late.
STARTABLE = (Status.READY, Status.DEFERRED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Started:
    """What became of claimed jobs. One that is in neither list has ended, or never was."""

    jobs: list[JobRow]
    put_off: list["PutOff"]
    events: list[EventRow]


@dataclass(frozen=True, slots=True)
class PutOff:
    """A claimed job that waits on: Redis did not hear of a retry's pause, its task is not known here, or somebody is
    changing it."""

    job: Job
    pause: timedelta


def start(job_ids: Collection[str], worker_id: str, *, before: float = inf) -> Started:
    """Starts those of the claimed jobs that may start.

    A row that is still running has been claimed because its worker lost the lease: it is rescued first. That is true
    only while our own lease holds, so after `before` (time.monotonic()) none is started: raises LeaseOver.
    """
    now = timezone.now()
    with sql.changes():
        jobs = _start_ready(_uuids(job_ids), worker_id, now)
        put_off: list[PutOff] = []
        events: list[EventRow] = []
        if others := set(job_ids) - {job.broker_id for job in jobs}:
            made_ready, put_off, events = _make_ready(others, now)
            jobs += _start_ready(made_ready, worker_id, now)
        events += [transition.status_event(job, now=now) for job in jobs]
        sql.log(events)
        # We may have waited for a lock, or the process was stopped. From here to the commit the rows are locked.
        if time.monotonic() > before:
            raise LeaseOver
    return Started(jobs, put_off, events)


def _start_ready(ids: Sequence[UUID], worker_id: str, now: datetime) -> list[JobRow]:
    return sql.start_ready(ids, tasks=known_paths(), worker=worker_id, now=now, due=now + CLOCK_TOLERANCE)


def _make_ready(job_ids: Collection[str], now: datetime) -> tuple[list[UUID], list[PutOff], list[EventRow]]:
    """Of jobs that were claimed but not started: those that may be started now, those put off, and the events."""
    which = Q(id__in=_uuids(job_ids)) | Q(arq_id__in=job_ids) & ~Q(arq_id="")
    startable = Job.objects.filter(which, status__in=STARTABLE)
    rows = list(startable.select_for_update(skip_locked=True).order_by("id"))
    held = startable.exclude(id__in=[job.id for job in rows]) if len(rows) < len(job_ids) else ()
    early = {
        job: job.run_after - now for job in rows if job.run_after and job.run_after > now + CLOCK_TOLERANCE
    }
    due = [job for job in rows if job not in early]
    events = [event for job in due for event in _prepare(job, now)]
    transition.save(due)
    call_webhooks(due)
    unknown = {
        job: pause_after(now - job.unknown_at) for job in due if job.unknown_at and not job.finished_at
    }
    waits = early | unknown | dict.fromkeys(held, HELD_PAUSE)
    put_off = [PutOff(job, pause) for job, pause in waits.items()]
    return [job.id for job in due if job not in unknown], put_off, events


def _prepare(job: Job, now: datetime) -> list[EventRow]:
    """Makes a due job ready, if it may run again, its deadline has not passed, and its task is known."""
    events = [_rescue(job, now)] if job.status == Status.RUNNING else []
    if job.status in WAITING and is_too_late(job, now):
        return [*events, *expire(job, now)]
    if job.status == Status.DEFERRED:
        events.append(transition.to(job, Status.READY, now=now))
    return [*events, *_look_up(job, now)] if job.status == Status.READY else events


def _look_up(job: Job, now: datetime) -> list[EventRow]:
    """Fails a ready job whose task no worker has known for long enough."""
    try:
        find_task(job.task_path)
    except UnknownTask as error:
        job.unknown_at = job.unknown_at or now
        if is_given_up(now - job.unknown_at):
            job.errors.append(transition.error_of(job, error, now=now))
            return [transition.to(job, Status.FAILED, now=now, reason="no worker knows its task")]
    else:
        job.unknown_at = None
    return []


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


def _uuids(job_ids: Iterable[str]) -> list[UUID]:
    """Without ids that a stock arq client made up."""
    return [UUID(job_id) for job_id in job_ids if is_job_id(job_id)]


def is_job_id(text: str) -> bool:
    """Whether it may be a job's own id. Others were made up by a stock arq client."""
    return _JOB_ID.fullmatch(text) is not None
