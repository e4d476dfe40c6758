"""A job's row as django.tasks' TaskResult."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from django.tasks import TaskResult
from django.tasks.base import TaskError

from jobs.live.stream import ended
from jobs.models import Job
from jobs.models.row import JobRow
from jobs.status import Status
from jobs.task import Task, find_task


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult(TaskResult):  # type: ignore[misc, type-arg]  # the stubs don't know that it is frozen
    """django.tasks' result, which can also be waited for."""

    async def wait(self, timeout: timedelta | float | None = None) -> Self:  # noqa: ASYNC109  as asyncio.wait_for()
        """Returns itself, refreshed, once the job has ended. Without polling: it hears the job's events.

        `timeout` is a timedelta or seconds; TimeoutError when it is over. Raises JobNotFound when the job is gone.
        """
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        has_ended = await ended(self.id, seconds)
        await self.arefresh()
        if not (has_ended or self.is_finished):  # in no time nothing is heard, also of what ended long ago
            raise TimeoutError(f"Job {self.id} has not ended within {seconds:g} s.")
        return self


def task_result(job: Job | JobRow, task: Task | None = None) -> JobResult:
    """`task` is the one that was enqueued, if known. Raises UnknownTask when the row's task is not defined here."""
    task = task or find_task(job.task_path).using(
        priority=job.priority, queue_name=job.queue_name, run_after=job.run_after, backend=job.backend
    )
    result = JobResult(
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
