"""The statements that every job passes through, for PostgreSQL and SQLite alike; models/statement.py says how.

Those that change several jobs reach them in the order of their ids: docs/decisions/0023-one-lock-order.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from jobs.models import Job
from jobs.models.row import EventRow, JobRow
from jobs.models.statement import Row, as_json, execute, moment_in, moment_of, run, text, uuid_of
from jobs.status import Status

#: PostgreSQL's statistics lag far behind a table in which every row changes twice a second, and lead it to read all
#: of a small table, or of the index of active jobs, for a few rows. With these, a row that is read in vain is dear: the
#: statements here find each by its key, one after the other as they are given. So are their locks taken.
_BY_KEY = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "cpu_tuple_cost": "1",
}

_STORE = """
    INSERT INTO jobs_job (
        id, task_path, queue_name, priority, backend, args, kwargs, owner_id, status, seq, max_attempts,
        timeout_seconds, deadline_at, unique_key, secrets, arq_id, enqueued_at, run_after, tags, traceparent,
        webhook_id,
        attempt, starts, worker_deaths, workers, errors, progress, progress_text)
    SELECT
        id, task_path, queue_name, priority, backend, args, kwargs, owner_id, status, seq, max_attempts,
        timeout_seconds, deadline_at, unique_key, secrets, arq_id, enqueued_at, run_after, tags, traceparent,
        webhook_id,
        0, 0, 0, '', '[]', 0, ''
    FROM {given}
"""
_STORE_GIVEN = {
    "id": "uuid",
    "task_path": "text",
    "queue_name": "text",
    "priority": "int",
    "backend": "text",
    "args": "jsonb",
    "kwargs": "jsonb",
    "owner_id": "owner",
    "status": "text",
    "seq": "int",
    "max_attempts": "int",
    "timeout_seconds": "float8",
    "deadline_at": "timestamptz",
    "unique_key": "text",
    "secrets": "text",
    "arq_id": "text",
    "enqueued_at": "timestamptz",
    "run_after": "timestamptz",
    "tags": "jsonb",
    "traceparent": "text",
    "webhook_id": "uuid",
}

_CHANGE = "UPDATE jobs_job SET {changes} FROM {{given}} WHERE id = given.job_id"
_CHANGEABLE = {
    "status": "text",
    "seq": "int",
    "priority": "int",
    "max_attempts": "int",
    "worker_deaths": "int",
    "unique_key": "text",
    "secrets": "text",
    "progress": "float8",
    "progress_text": "text",
    **dict.fromkeys(("args", "kwargs", "return_value"), "jsonb"),
    **dict.fromkeys(
        ("run_after", "deadline_at", "finished_at", "cancel_requested_at", "unknown_at"), "timestamptz"
    ),
}

#: The fields of a JobRow that a start reads back; the others are not set while a job runs.
_STARTED = (
    *("id", "task_path", "queue_name", "priority", "backend", "args", "kwargs", "owner_id", "status", "seq"),
    *("attempt", "max_attempts", "starts", "timeout_seconds", "deadline_at", "unique_key", "secrets"),
    *("arq_id", "enqueued_at", "run_after", "started_at", "last_attempted_at", "workers", "errors"),
    *("traceparent", "webhook_id"),
)
_START = f"""
    UPDATE jobs_job
    SET status = 'running', seq = seq + 1, attempt = attempt + 1, starts = starts + 1, workers = workers || %(worker)s,
        started_at = coalesce(started_at, %(now)s), last_attempted_at = %(now)s, progress = 0, progress_text = '',
        unknown_at = NULL
    FROM {{given}}
    WHERE id = given.job_id AND status = 'ready'
        AND (run_after IS NULL OR run_after <= %(due)s)
        AND (deadline_at IS NULL OR deadline_at > %(now)s)
        AND {{is_known}}
    RETURNING {", ".join(_STARTED)}
"""  # noqa: S608  our own column names
_START_GIVEN = {"job_id": "uuid"}

# One whose end was asked for does not go back to waiting.
_IS_CANCELLED = "cancel_requested_at IS NOT NULL AND given.status IN ('deferred', 'ready')"
_FINISH = f"""
    UPDATE jobs_job
    SET status = CASE WHEN {_IS_CANCELLED} THEN 'cancelled' ELSE given.status END, seq = seq + 1,
        attempt = coalesce(given.attempt, jobs_job.attempt),
        workers = coalesce(given.workers, jobs_job.workers), return_value = given.return_value,
        errors = coalesce(given.errors, jobs_job.errors),
        finished_at = CASE WHEN {_IS_CANCELLED} THEN %(now)s ELSE given.finished_at END,
        progress = coalesce(given.progress, jobs_job.progress),
        run_after = coalesce(given.run_after, jobs_job.run_after)
    FROM {{given}}
    WHERE id = given.job_id AND starts = given.fence AND jobs_job.status = 'running'
    RETURNING id, seq, jobs_job.status
"""  # noqa: S608  our own words
_FINISH_GIVEN = {
    "job_id": "uuid",
    "fence": "int",
    "status": "text",
    "attempt": "int",
    "workers": "text",
    "return_value": "jsonb",
    "errors": "jsonb",
    "finished_at": "timestamptz",
    "progress": "float8",
    "run_after": "timestamptz",
}

_PROGRESS = """
    UPDATE jobs_job
    SET seq = seq + 1, progress = given.progress, progress_text = given.text
    FROM {given}
    WHERE id = given.job_id AND starts = given.fence AND jobs_job.status = 'running'
    RETURNING id, seq
"""
_PROGRESS_GIVEN = {"job_id": "uuid", "fence": "int", "progress": "float8", "text": "text"}

_COUNT_UP = """
    UPDATE jobs_job SET seq = seq + given.events
    FROM {given}
    WHERE id = given.job_id AND starts = given.fence AND jobs_job.status = 'running'
    RETURNING id, starts, seq
"""
_COUNT_UP_GIVEN = {"job_id": "uuid", "fence": "int", "events": "int"}

_LOG = "INSERT INTO jobs_event (job_id, seq, kind, at, data) SELECT job_id, seq, kind, at, data FROM {given}"
_LOG_GIVEN = {"job_id": "uuid", "seq": "int", "kind": "text", "at": "timestamptz", "data": "jsonb"}


@contextmanager
def changes() -> Iterator[None]:
    """A transaction for the statements below."""
    with transaction.atomic():
        _plan(_BY_KEY)
        yield


def plan_as_usual() -> None:
    """For statements within changes() that are not ours."""
    _plan(dict.fromkeys(_BY_KEY, "DEFAULT"))


def _plan(settings: Mapping[str, str]) -> None:
    """Until the end of the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items()))


def store(jobs: Iterable[JobRow], events: Iterable[EventRow]) -> None:
    """Nothing → the status that each row has, and the first events; all or none.

    PostgreSQL takes both in one statement, which spares a lone call three round trips.
    """
    store_jobs, log_events = text(_STORE, _STORE_GIVEN), text(_LOG, _LOG_GIVEN, "events")
    parameters = {"rows": as_json(jobs), "events": as_json(events)}
    if connection.vendor == "postgresql":
        execute(f"WITH stored AS ({store_jobs}) {log_events}", parameters)
        return
    with transaction.atomic():
        execute(store_jobs, parameters)
        execute(log_events, parameters)


def change(jobs: Iterable[Job], fields: Sequence[str]) -> None:
    """Writes these fields of locked rows."""
    changes = ", ".join(f"{field} = given.{field}" for field in fields)
    given = {"job_id": "uuid", **{field: _CHANGEABLE[field] for field in fields}}
    rows = [{"job_id": job.id, **{field: getattr(job, field) for field in fields}} for job in jobs]
    run(_CHANGE.format(changes=changes), given, rows)


def start_ready(
    ids: Sequence[UUID], *, tasks: Iterable[str], worker: str, now: datetime, due: datetime
) -> list[JobRow]:
    """Ready, due, not past its deadline and of one of the tasks → running; answers the changed rows."""
    changed = run(
        _START.replace("{is_known}", _is_known(connection.vendor)),
        _START_GIVEN,
        _in_order({"job_id": job_id} for job_id in ids),
        tasks=as_json(tasks),
        worker=f"{worker}\n",
        now=moment_in(now),
        due=moment_in(due),
    )
    return [_started(row) for row in changed]


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """By job, as both stores sort ids."""
    return sorted(rows, key=lambda row: row["job_id"].int)


def _is_known(vendor: str) -> str:
    """Whether the job's task is one of the given. For PostgreSQL no second table, in whose order it might go."""
    if vendor == "postgresql":
        return "%(tasks)s::jsonb ? task_path"
    return "task_path IN (SELECT value FROM json_each(%(tasks)s))"


def finish_running(ends: Iterable[Row], *, now: datetime) -> dict[UUID, tuple[int, Status]]:
    """Running → what each row says, if its fence holds; or → cancelled, if that was asked for and it would go on.

    Answers the new seq and status of the changed jobs.
    """
    changed = run(_FINISH, _FINISH_GIVEN, _in_order(ends), now=moment_in(now))
    return {uuid_of(job_id): (seq, Status(status)) for job_id, seq, status in changed}


def tell_progress(reports: Iterable[Row]) -> dict[UUID, int]:
    """The newest progress of running jobs, if the fence holds; answers the new seq of the changed jobs."""
    told = run(_PROGRESS, _PROGRESS_GIVEN, _in_order(reports))
    return {uuid_of(job_id): seq for job_id, seq in told}


def count_up(events: Iterable[Row]) -> dict[tuple[UUID, int], int]:
    """Numbers for so many events of running jobs, if the fence holds; answers the last of them by job and fence."""
    counted = run(_COUNT_UP, _COUNT_UP_GIVEN, _in_order(events))
    return {(uuid_of(job_id), fence): seq for job_id, fence, seq in counted}


def log(events: Iterable[EventRow]) -> None:
    """Appends to the event log."""
    run(_LOG, _LOG_GIVEN, events)


def _started(row: tuple[Any, ...]) -> JobRow:
    values = dict(zip(_STARTED, row, strict=True))
    for name, read in _READERS.items():
        values[name] = read(values[name])
    return JobRow(**values)


#: From a column as either store gives it to a JobRow's field.
_READERS: dict[str, Callable[[Any], Any]] = {
    "id": uuid_of,
    "webhook_id": lambda value: value and uuid_of(value),
    "status": Status,
    **dict.fromkeys(("args", "kwargs", "errors"), msgspec.json.decode),
    **dict.fromkeys(
        ("deadline_at", "enqueued_at", "run_after", "started_at", "last_attempted_at"), moment_of
    ),
}
