"""Ready → running: claimed jobs get an attempt, and the fence moves on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.errors import WorkerLost
from jobs.lifecycle import transition
from jobs.models import Event, Job
from jobs.status import Status

#: A job that took so many workers down with it is not given a fourth.
MAX_WORKER_DEATHS = 3

#: Redis' clock says when a job is due; ours may be behind it by so much.
CLOCK_TOLERANCE = timedelta(seconds=1)

STARTABLE = (Status.READY, Status.DEFERRED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Started:
    """What became of claimed jobs. One that is in neither list has ended, or never was."""

    jobs: list[Job]
    #: Not due yet: claimed because Redis did not hear of a retry's pause.
    early: list[Job]
    events: list[Event]


def start(job_ids: Iterable[str], worker_id: str) -> Started:
    """Starts those of the claimed jobs that may start.

    A row that is still running has been claimed because its worker lost the lease: it is rescued first.
    """
    now = timezone.now()
    ids = [parsed for job_id in job_ids if (parsed := _uuid(job_id))]
    events: list[Event] = []
    with transaction.atomic():
        rows = Job.objects.select_for_update().filter(id__in=ids, status__in=STARTABLE).order_by("id")
        early: list[Job] = []
        jobs: list[Job] = []
        for job in rows:
            (jobs if _is_due(job, now) else early).append(job)
        for job in jobs:
            events += _make_ready(job, now)
            if job.status == Status.READY:
                events.append(_run(job, worker_id, now))
        transition.save(jobs, events)
    return Started([job for job in jobs if job.status == Status.RUNNING], early, events)


def _is_due(job: Job, now: datetime) -> bool:
    return job.run_after is None or job.run_after <= now + CLOCK_TOLERANCE


def _make_ready(job: Job, now: datetime) -> list[Event]:
    match Status(job.status):
        case Status.DEFERRED:
            return [transition.to(job, Status.READY, now=now)]
        case Status.RUNNING:
            return [_rescue(job, now)]
    return []


def _rescue(job: Job, now: datetime) -> Event:
    """The attempt was cut off by no fault of its own: it is given back, but deaths are counted."""
    lost = job.worker_ids[-1]
    job.worker_deaths += 1
    reason = f"worker {lost} was lost"
    if job.worker_deaths < MAX_WORKER_DEATHS:
        give_back_attempt(job)
        return transition.to(job, Status.READY, now=now, reason=reason)
    job.errors.append(
        {
            "attempt": job.attempt,
            "exception_class_path": f"{WorkerLost.__module__}.{WorkerLost.__qualname__}",
            "message": f"{job.worker_deaths} workers were lost while they ran this job; it is not tried again.",
            "traceback": "",
            "worker_id": lost,
            "at": now.isoformat(),
        }
    )
    return transition.to(job, Status.FAILED, now=now, reason=reason)


def give_back_attempt(job: Job) -> None:
    """This start does not count; `starts` stays, so that the fence holds."""
    job.attempt -= 1
    job.workers = "".join(f"{worker}\n" for worker in job.worker_ids[:-1])


def _run(job: Job, worker_id: str, now: datetime) -> Event:
    job.attempt += 1
    job.starts += 1
    job.workers += f"{worker_id}\n"
    job.started_at = job.started_at or now
    job.last_attempted_at = now
    job.progress, job.progress_text = 0, ""
    return transition.to(job, Status.RUNNING, now=now)


def _uuid(text: str) -> UUID | None:
    """None for the id of a job that a stock arq client made up: it has no row."""
    try:
        return UUID(text)
    except ValueError:
        return None
