"""The statements that every job passes through, for PostgreSQL and SQLite alike.

A batch of any size is one statement with one parameter for its rows: a JSON array. That keeps the text constant, so
that it is parsed once, and a batch of one costs what a single statement costs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from jobs.models import Event, Job

type Row = Mapping[str, Any]

_START = """
    UPDATE jobs_job
    SET status = 'running', seq = seq + 1, attempt = attempt + 1, starts = starts + 1, workers = workers || %(worker)s,
        started_at = coalesce(started_at, %(now)s), last_attempted_at = %(now)s, progress = 0, progress_text = ''
    WHERE id IN (SELECT job_id FROM {given}) AND status = 'ready' AND (run_after IS NULL OR run_after <= %(due)s)
    RETURNING {columns}
"""
_START_GIVEN = {"job_id": "uuid"}

_FINISH = """
    UPDATE jobs_job
    SET status = given.status, seq = seq + 1, attempt = given.attempt, workers = given.workers,
        return_value = given.return_value, errors = given.errors, finished_at = given.finished_at,
        progress = coalesce(given.progress, jobs_job.progress),
        run_after = coalesce(given.run_after, jobs_job.run_after)
    FROM {given}
    WHERE id = given.job_id AND starts = given.fence AND jobs_job.status = 'running'
    RETURNING id, seq
"""
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

_LOG = "INSERT INTO jobs_event (job_id, seq, kind, at, data) SELECT job_id, seq, kind, at, data FROM {given}"
_LOG_GIVEN = {"job_id": "uuid", "seq": "int", "kind": "text", "at": "timestamptz", "data": "jsonb"}


def start_ready(ids: Sequence[UUID], *, worker: str, now: datetime, due: datetime) -> list[Job]:
    """Ready and due → running, with the next attempt; answers the changed rows."""
    columns = ", ".join(str(field.column) for field in Job._meta.concrete_fields)  # noqa: SLF001  Django documents it
    statement = _START.format(given=_given(_START_GIVEN), columns=columns)
    rows = _json({"job_id": stored(job_id)} for job_id in ids)
    parameters = {"rows": rows, "worker": f"{worker}\n", "now": stored(now), "due": stored(due)}
    return list(Job.objects.raw(statement, parameters))


def finish_running(ends: Iterable[Row]) -> dict[UUID, int]:
    """Running → whatever each row says, if its fence holds; answers the new seq of the changed jobs."""
    return _new_seqs(_FINISH.format(given=_given(_FINISH_GIVEN)), ends)


def tell_progress(reports: Iterable[Row]) -> dict[UUID, int]:
    """The newest progress of running jobs, if the fence holds; answers the new seq of the changed jobs."""
    return _new_seqs(_PROGRESS.format(given=_given(_PROGRESS_GIVEN)), reports)


def _new_seqs(statement: str, rows: Iterable[Row]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"rows": _json(rows)})
        return {_uuid(job_id): seq for job_id, seq in cursor.fetchall()}


def log(events: Iterable[Event]) -> None:
    """Appends to the event log."""
    rows = _json(
        {
            "job_id": stored(event.job_id),
            "seq": event.seq,
            "kind": event.kind,
            "at": stored(event.at),
            "data": event.data,
        }
        for event in events
    )
    with connection.cursor() as cursor:
        cursor.execute(_LOG.format(given=_given(_LOG_GIVEN)), {"rows": rows})


def stored(value: UUID | datetime | None) -> str | None:
    """A value in JSON as the store's column takes it."""
    match value:
        case UUID():
            return str(value) if connection.vendor == "postgresql" else value.hex
        case datetime() if connection.vendor == "postgresql":
            return value.isoformat()
        case datetime():
            return str(value.astimezone(UTC).replace(tzinfo=None))
    return None


def _given(columns: Mapping[str, str]) -> str:
    return _given_in(connection.vendor, tuple(columns.items()))


@cache
def _given_in(vendor: str, columns: tuple[tuple[str, str], ...]) -> str:
    """The JSON rows as a table named `given`."""
    if vendor == "postgresql":
        types = ", ".join(f"{name} {kind}" for name, kind in columns)
        return f"jsonb_to_recordset(%(rows)s::jsonb) AS given({types})"
    # `->` answers JSON, and the text null for null; `->>` answers a number or text.
    reads = (
        f"nullif(value->'{name}', 'null') AS {name}" if kind == "jsonb" else f"value->>'{name}' AS {name}"
        for name, kind in columns
    )
    return f"(SELECT {', '.join(reads)} FROM json_each(%(rows)s)) AS given"  # noqa: S608  our own column names


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
