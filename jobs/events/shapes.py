"""Jobs and events as JSON: the one form in which HTTP, sockets and pages show them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jobs.arguments import named
from jobs.errors import UnknownTask
from jobs.models import Event, File, Job
from jobs.models.row import EventRow, JobRow
from jobs.models.shown import ShownFile, ShownJob
from jobs.status import Status
from jobs.task import Task, find_task

API = "/api/v1"
#: Paths of tasks whose names are remembered, and those that name none.
MAX_PATHS = 1000

type AnyJob = Job | JobRow | ShownJob


def job_json(job: AnyJob, *, with_traceback: bool = False) -> dict[str, Any]:
    """A job with its files (have a model's prefetched), or one that has just been stored and has none. The traceback
    is for staff only."""
    here = f"{API}/jobs/{job.id}"
    return {
        "id": str(job.id),
        "task": public_name(job.task_path),
        "status": job.status,
        "queue": job.queue_name,
        "priority": job.priority,
        "args": arguments(job),
        "result": job.return_value,
        "error": last_error(job, with_traceback),
        "progress": _progress(job),
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "enqueued_at": timestamp(job.enqueued_at),
        "run_after": timestamp(job.run_after),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
        "seq": job.seq,
        "owner": job.owner_id,
        "tags": job.tags,
        "files": [file_json(file) for file in _files(job)],
        "links": {"self": here, "events": f"{here}/events", "page": f"/jobs/{job.id}", "live": "/ws/v1/live"},
    }


def _progress(job: AnyJob) -> dict[str, Any]:
    if isinstance(job, JobRow):
        return {"fraction": 0.0, "text": ""}
    return {"fraction": job.progress, "text": job.progress_text}


def _files(job: AnyJob) -> Iterable[File | ShownFile]:
    match job:
        case Job():
            return job.files.all()
        case ShownJob():
            return job.files
    return ()


def last_error(job: AnyJob, with_traceback: bool) -> dict[str, Any] | None:
    """Why the job has failed, or why it is being tried again; None once it has gone well."""
    if job.status == Status.SUCCESSFUL or not job.errors:
        return None
    return error_json(job.errors[-1], with_traceback)


def error_json(error: dict[str, Any], with_traceback: bool) -> dict[str, Any]:
    """One entry of `Job.errors`; its traceback shows code and values, so it is left out for most readers."""
    return error if with_traceback else {name: value for name, value in error.items() if name != "traceback"}


def file_json(file: File | ShownFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": file.size,
        "content_type": file.content_type,
        "url": f"{API}/jobs/{file.job_id}/files/{quote(file.name, safe='')}",
    }


def event_json(event: Event | EventRow) -> dict[str, Any]:
    return {
        "job_id": str(event.job_id),
        "seq": event.seq,
        "kind": str(event.kind),
        "at": timestamp(event.at),
        "data": event.data,
    }


def status_data(job: Job | JobRow, reason: str = "") -> dict[str, Any]:
    """The data of a status event: what changed with it."""
    data: dict[str, Any] = {
        "status": job.status,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
    }
    if job.status == Status.RUNNING:
        data["worker_id"] = job.worker_ids[-1]
    if job.status == Status.DEFERRED:
        data["run_after"] = timestamp(job.run_after)
    if reason:
        data["reason"] = reason
    return data


def public_name(task_path: str) -> str:
    """The path itself for a task that is not defined here, such as one that was removed."""
    task = _task_at(task_path)
    return task.public_name if task else task_path


def arguments(job: AnyJob) -> dict[str, Any]:
    if task := _task_at(job.task_path):
        return named(task, job.args, job.kwargs)
    return {**{str(index): value for index, value in enumerate(job.args)}, **job.kwargs}


@lru_cache(MAX_PATHS)
def _task_at(path: str) -> Task | None:
    """None if there is none, which is remembered: Python looks for a module that is gone in every folder each time."""
    try:
        return find_task(path)
    except UnknownTask:
        return None


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return (
        None
        if moment is None
        else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
