"""Jobs as HTTP shows them, read by their keys: making Django's models would be most of what a list costs."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from jobs.models.job import Job
from jobs.models.statement import as_json, moment_of, text, uuid_of
from jobs.status import Status

_SHORT = (
    *("id", "task_path", "queue_name", "priority", "owner_id", "status", "seq", "attempt", "max_attempts"),
    *("enqueued_at", "run_after", "started_at", "finished_at", "progress", "progress_text", "tags", "errors"),
)
#: Columns that may be long, and what a job's JSON calls them.
_LONG = {"args": "args", "kwargs": "args", "return_value": "result"}
_BEGINNINGS = ", ".join(f"substr(CAST({column} AS text), 1, %(characters)s)" for column in _LONG)
_JOBS = f"""
    SELECT {", ".join(_SHORT)}, {_BEGINNINGS} FROM jobs_job
    WHERE id IN (SELECT job_id FROM {{given}}) ORDER BY id DESC
"""  # noqa: S608  our own column names
_FILES = """
    SELECT job_id, name, size, content_type FROM jobs_file
    WHERE job_id IN (SELECT job_id FROM {given}) ORDER BY id
"""
_GIVEN = {"job_id": "uuid"}
#: No value has more characters.
ALL = 2**30


@dataclass(frozen=True, slots=True)
class ShownFile:
    """What is shown of a File."""

    job_id: UUID
    name: str
    size: int
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownJob:
    """What is shown of a Job; see there for what each field means."""

    id: UUID
    task_path: str
    queue_name: str
    priority: int
    owner_id: Any
    status: Status
    seq: int
    attempt: int
    max_attempts: int
    enqueued_at: datetime
    run_after: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    progress: float
    progress_text: str
    tags: list[str]
    errors: list[dict[str, Any]]
    args: list[Any]
    kwargs: dict[str, Any]
    return_value: Any
    files: list[ShownFile]
    #: Which of `args` and `result`, as its JSON calls them, are longer than was asked for, and empty here.
    left_out: list[str]


def show(ids: Iterable[UUID], *, most: int = ALL) -> list[ShownJob]:
    """Those of the jobs that there are, newest first. What takes more than so many characters as JSON is left out."""
    given = as_json({"job_id": job_id} for job_id in ids)
    files: dict[UUID, list[ShownFile]] = defaultdict(list)
    for job_id, *described in _rows(_FILES, given):
        files[uuid_of(job_id)].append(ShownFile(uuid_of(job_id), *described))
    return [_shown(row, files, most) for row in _rows(_JOBS, given, characters=most + 1)]


def _rows(statement: str, given: str, **parameters: int) -> list[tuple[Any, ...]]:
    """Planned anew each time: a plan from when the table was small would read all of it."""
    with connection.cursor() as cursor:
        cursor.execute(text(statement, _GIVEN), {"rows": given, **parameters})
        return list(cursor.fetchall())


def _shown(row: tuple[Any, ...], files: dict[UUID, list[ShownFile]], most: int) -> ShownJob:
    values = dict(zip((*_SHORT, *_LONG), row, strict=True))
    for name, read in _READERS.items():
        values[name] = read(values[name])
    too_long = [name for name in _LONG if len(values[name] or "") > most]
    for name in _LONG:
        value = None if name in too_long else values[name]
        values[name] = _EMPTY.get(name) if value is None else msgspec.json.decode(value)
    left_out = sorted({_LONG[name] for name in too_long})
    return ShownJob(**values, files=files.get(values["id"], []), left_out=left_out)


_EMPTY: dict[str, Any] = {"args": [], "kwargs": {}}
#: From a column as either store gives it to the field.
_READERS: dict[str, Callable[[Any], Any]] = {
    "id": uuid_of,
    "owner_id": Job._meta.get_field("owner").target_field.to_python,  # noqa: SLF001
    "status": Status,
    **dict.fromkeys(("tags", "errors"), msgspec.json.decode),
    **dict.fromkeys(("enqueued_at", "run_after", "started_at", "finished_at"), moment_of),
}
