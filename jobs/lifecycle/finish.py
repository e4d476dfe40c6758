"""Running → an end, or back to waiting: what attempts came to is recorded, if their fence still holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.lifecycle import sql, transition
from jobs.lifecycle.start import attempt_given_back
from jobs.models import Event, EventKind, Job
from jobs.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to."""

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

    job: Job
    fraction: float
    text: str


def finish(ends: Iterable[tuple[Job, Outcome]]) -> list[Event]:
    """Records what attempts came to, on the rows and on the given jobs; answers the events.

    A job that was started anew since is left alone and has no event.
    """
    now = timezone.now()
    changed = {job.id: (job, outcome) for job, outcome in ends}
    with transaction.atomic():
        seqs = sql.finish_running(_row(job, outcome, now) for job, outcome in changed.values())
        events = [_apply(*changed[job_id], seq, now) for job_id, seq in seqs.items()]
        sql.log(events)
    return events


def _row(job: Job, outcome: Outcome, now: datetime) -> sql.Row:
    """What the statement needs to know; null leaves a column as it is."""
    transition.check_arrow(Status.RUNNING, outcome.status)
    attempt, workers = (job.attempt, job.workers) if outcome.counts else attempt_given_back(job)
    return {
        "job_id": sql.stored(job.id),
        "fence": job.starts,
        "status": outcome.status,
        "attempt": attempt,
        "workers": workers,
        "return_value": outcome.return_value,
        "errors": [*job.errors, outcome.error] if outcome.error else job.errors,
        "finished_at": sql.stored(now) if outcome.status.is_ended else None,
        "progress": 1 if outcome.status == Status.SUCCESSFUL else None,
        "run_after": sql.stored(now + outcome.pause) if outcome.status == Status.DEFERRED else None,
    }


def _apply(job: Job, outcome: Outcome, seq: int, now: datetime) -> Event:
    """The same change on the job in memory, once the statement has made it."""
    job.status, job.seq = outcome.status, seq
    job.return_value = outcome.return_value
    if not outcome.counts:
        job.attempt, job.workers = attempt_given_back(job)
    if outcome.error:
        job.errors = [*job.errors, outcome.error]
    if outcome.status.is_ended:
        job.finished_at = now
    if outcome.status == Status.DEFERRED:
        job.run_after = now + outcome.pause
    return transition.status_event(job, now=now, reason=outcome.reason)


def record_progress(reports: Iterable[Progress]) -> list[Event]:
    """Stores the newest progress of running attempts; answers the events."""
    now = timezone.now()
    newest = {report.job.id: report for report in reports}
    with transaction.atomic():
        seqs = sql.tell_progress(
            {
                "job_id": sql.stored(job_id),
                "fence": report.job.starts,
                "progress": report.fraction,
                "text": report.text,
            }
            for job_id, report in newest.items()
        )
        events = [_progress_event(newest[job_id], seq, now) for job_id, seq in seqs.items()]
        sql.log(events)
    return events


def _progress_event(report: Progress, seq: int, now: datetime) -> Event:
    data = {"fraction": report.fraction, "text": report.text}
    return Event(job_id=report.job.id, seq=seq, kind=EventKind.PROGRESS, at=now, data=data)
