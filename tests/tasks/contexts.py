"""What a task gets as its first argument, over a real row, without a worker around it."""

from typing import Any, cast

from django.tasks import TaskResult
from django.utils import timezone

from jobs.models import Job
from jobs.status import Status
from jobs.task import Task
from jobs.worker.context import JobContext

type Said = list[tuple[float, str]]


def new_context(task: Any, *, attempt: int = 1, owner: Any = None, said: Said | None = None) -> JobContext:
    """A context of a new job's attempt; `said` collects its progress."""
    task = cast(Task, task)
    job = Job.objects.create(
        task_path=task.module_path,
        queue_name=task.queue_name,
        backend=task.backend,
        enqueued_at=timezone.now(),
        status=Status.RUNNING,
        attempt=attempt,
        starts=attempt,
        max_attempts=task.max_attempts,
        owner=owner,
    )
    return context_of(job, said=said)


def context_of(job: Job, *, said: Said | None = None) -> JobContext:
    return JobContext(
        task_result=cast("TaskResult[Any, Any]", None),
        job=job,
        voice=Heard([] if said is None else said),
    )


class Heard:
    """Collects progress; what is logged is only logged."""

    def __init__(self, said: Said) -> None:
        self._said = said

    def progress(self, fraction: float, text: str) -> None:
        self._said.append((fraction, text))

    def log(self, level: int, text: str) -> None: ...


def next_attempt(context: JobContext) -> JobContext:
    """The same job, one attempt later."""
    job = cast("Job", context.job)
    job.attempt += 1
    job.starts += 1
    job.save()
    return context_of(job)
