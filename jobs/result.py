"""A job's row as django.tasks' TaskResult."""

from typing import Any

from django.tasks import TaskResult
from django.tasks.base import TaskError

from jobs.models import Job
from jobs.models.row import JobRow
from jobs.status import Status
from jobs.task import Task, find_task


def task_result(job: Job | JobRow, task: Task | None = None) -> "TaskResult[Any, Any]":
    """`task` is the one that was enqueued, if known. Raises UnknownTask when the row's task is not defined here."""
    task = task or find_task(job.task_path).using(
        priority=job.priority, queue_name=job.queue_name, run_after=job.run_after, backend=job.backend
    )
    result: TaskResult[Any, Any] = TaskResult(
        task=task,
        id=str(job.id),
        status=Status(job.status).django,
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_attempted_at=job.last_attempted_at,
        args=job.args,
        kwargs=job.kwargs,
        backend=job.backend,
        errors=[_task_error(error) for error in job.errors],
        worker_ids=job.worker_ids,
    )
    # django.tasks keeps the value off the constructor and sets it this way itself.
    object.__setattr__(result, "_return_value", job.return_value)
    return result


def _task_error(error: dict[str, Any]) -> TaskError:
    return TaskError(exception_class_path=error["exception_class_path"], traceback=error["traceback"])
