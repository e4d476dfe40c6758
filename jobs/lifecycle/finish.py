"""Running → an end, or back to waiting: what attempts came to is recorded, if their fence still holds."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from jobs.lifecycle import sql, transition
from jobs.lifecycle.effects import Write, write_all
from jobs.lifecycle.start import attempt_given_back
from jobs.lifecycle.webhooks import call_webhooks
from jobs.models import EventKind
from jobs.models.row import EventRow, JobRow
from jobs.models.statement import Row
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
    #: What the task writes in the transaction that records this; only of a success.
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running attempt says it is."""

    job: JobRow
    fraction: float
    text: str


def finish(ends: Iterable[tuple[JobRow, Outcome]]) -> list[EventRow]:
    """Records what attempts came to, on the rows and on the given jobs; answers the events.

    A job that was started anew since is left alone and has no event. One whose end was asked for does not go back to
    waiting, whatever its outcome says: look at its status.
    """
    now = timezone.now()
    changed = {job.id: (job, outcome) for job, outcome in ends}
    with _as_before_if_refused(job for job, _ in changed.values()), sql.changes():
        ended = sql.finish_running((_row(job, outcome, now) for job, outcome in changed.values()), now=now)
        if writes := [write for job_id in ended for write in changed[job_id][1].writes]:
            sql.plan_as_usual()
            write_all(writes)
        events = [_apply(*changed[job_id], seq, status, now) for job_id, (seq, status) in ended.items()]
        sql.log(events)
        call_webhooks(changed[job_id][0] for job_id in ended)
    return events


@contextmanager
def _as_before_if_refused(jobs: Iterable[JobRow]) -> Iterator[None]:
    """What has not been committed is not true of the jobs in memory either: it may be tried again."""
    before = [(job, job.status, job.seq, job.attempt, job.workers, job.errors) for job in jobs]
    try:
        yield
    except BaseException:
        for job, status, seq, attempt, workers, errors in before:
            job.status, job.seq, job.attempt, job.workers, job.errors = status, seq, attempt, workers, errors
        raise


def _row(job: JobRow, outcome: Outcome, now: datetime) -> Row:
    """What the statement needs to know; what is left out stays as it is."""
    transition.check_arrow(Status.RUNNING, outcome.status)
    row: dict[str, Any] = {"job_id": job.id, "fence": job.starts, "status": outcome.status}
    if not outcome.counts:
        row["attempt"], row["workers"] = attempt_given_back(job)
    if outcome.error:
        row["errors"] = [*job.errors, outcome.error]
    if outcome.status.is_ended:
        row["finished_at"] = now
    if outcome.status == Status.SUCCESSFUL:
        row["return_value"], row["progress"] = outcome.return_value, 1
    if outcome.status == Status.DEFERRED:
        row["run_after"] = now + outcome.pause
    return row


def _apply(job: JobRow, outcome: Outcome, seq: int, status: Status, now: datetime) -> EventRow:
    """The same change on the job in memory, once the statement has made it."""
    job.status, job.seq = status, seq
    job.return_value = outcome.return_value
    if not outcome.counts:
        job.attempt, job.workers = attempt_given_back(job)
    if outcome.error:
        job.errors = [*job.errors, outcome.error]
    if status.is_ended:
        job.finished_at = now
    if outcome.status == Status.DEFERRED:
        job.run_after = now + outcome.pause
    reason = outcome.reason if status == outcome.status else transition.CANCELLED_ON_REQUEST
    return transition.status_event(job, now=now, reason=reason)


def record_progress(reports: Iterable[Progress]) -> list[EventRow]:
    """Stores the newest progress of running attempts; answers the events."""
    now = timezone.now()
    newest = {report.job.id: report for report in reports}
    with sql.changes():
        seqs = sql.tell_progress(
            {
                "job_id": job_id,
                "fence": report.job.starts,
                "progress": report.fraction,
                "text": report.text,
            }
            for job_id, report in newest.items()
        )
        events = [_progress_event(newest[job_id], seq, now) for job_id, seq in seqs.items()]
        sql.log(events)
    return events


def _progress_event(report: Progress, seq: int, now: datetime) -> EventRow:
    data = {"fraction": report.fraction, "text": report.text}
    return EventRow(report.job.id, seq, EventKind.PROGRESS, now, data, report.job.owner_id)
