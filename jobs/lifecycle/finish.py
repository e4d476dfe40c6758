"""Running → an end, or back to waiting: what attempts came to is recorded, if their fence still holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.events.shapes import progress_data
from jobs.lifecycle import transition
from jobs.lifecycle.start import give_back_attempt
from jobs.models import Event, EventKind, Job
from jobs.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to."""

    job_id: UUID
    #: `Job.starts` when it started: the fence.
    fence: int
    #: SUCCESSFUL, FAILED, CANCELLED, DEFERRED (tried again after `pause`) or READY (handed back at once).
    status: Status
    #: JSON.
    return_value: Any = None
    #: An entry for `Job.errors`.
    error: dict[str, Any] | None = None
    pause: timedelta = timedelta()
    #: False: the attempt is given back.
    counts: bool = True
    #: For the event.
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running attempt says it is."""

    job_id: UUID
    fence: int
    fraction: float
    text: str


def finish(outcomes: Iterable[Outcome]) -> tuple[list[Job], list[Event]]:
    """Records outcomes; answers the changed jobs and the events. One whose job was started anew since is dropped."""
    now = timezone.now()
    by_id = {outcome.job_id: outcome for outcome in outcomes}
    with transaction.atomic():
        jobs = _running({outcome.job_id: outcome.fence for outcome in by_id.values()})
        events = [_end(job, by_id[job.id], now) for job in jobs]
        transition.save(jobs, events)
    return jobs, events


def _end(job: Job, outcome: Outcome, now: datetime) -> Event:
    if not outcome.counts:
        give_back_attempt(job)
    if outcome.error:
        job.errors.append(outcome.error)
    if outcome.status == Status.SUCCESSFUL:
        job.return_value = outcome.return_value
        job.progress = 1
    if outcome.status == Status.DEFERRED:
        job.run_after = now + outcome.pause
    return transition.to(job, outcome.status, now=now, reason=outcome.reason)


def record_progress(reports: Iterable[Progress]) -> list[Event]:
    """Stores the newest progress of running attempts; answers the events."""
    now = timezone.now()
    by_id = {report.job_id: report for report in reports}
    events = []
    with transaction.atomic():
        jobs = _running({report.job_id: report.fence for report in by_id.values()})
        for job in jobs:
            job.progress, job.progress_text = by_id[job.id].fraction, by_id[job.id].text
            events.append(transition.append(job, EventKind.PROGRESS, progress_data(job), now=now))
        transition.save(jobs, events, fields=("seq", "progress", "progress_text"))
    return events


def _running(fences: dict[UUID, int]) -> list[Job]:
    """Locks the rows whose attempt is still the one that the fence names."""
    rows = Job.objects.select_for_update().filter(id__in=fences, status=Status.RUNNING).order_by("id")
    return [job for job in rows if job.starts == fences[job.id]]
