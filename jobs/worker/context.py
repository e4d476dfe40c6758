"""What a task gets as its first argument when it asks for it."""

import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, BinaryIO, Protocol

from django.core.files.base import File as ContentFile
from django.db import close_old_connections
from django.tasks import TaskContext

from jobs import files
from jobs.arguments import Upload, storable
from jobs.confidential import secrets_of
from jobs.lifecycle.effects import Write
from jobs.models.row import JobRow
from jobs.redaction import reveal
from jobs.result import task_result
from jobs.rules.masking import masked
from jobs.task import Task, find_task, function_of
from jobs.worker.task_log import TaskLog

MAX_PROGRESS_TEXT = 200


class Stop(Protocol):
    """Whether the task should end; an event in this process, or the like in a child."""

    def is_set(self) -> bool: ...


class Says(Protocol):
    """How a task is heard: a Voice. Must be quick, and callable from any thread."""

    def progress(self, fraction: float, text: str) -> None: ...

    def log(self, level: int, text: str) -> None: ...


def bound(task: Task, job: JobRow, voice: Says, stop: Stop, writes: list[Write]) -> Callable[[], Any]:
    """The task's function with its arguments, and with a context if it takes one. Raises SecretsUnreadable."""
    args, kwargs = reveal(job)
    if not task.takes_context:
        return partial(function_of(task), *args, **kwargs)
    context = JobContext(
        task_result=task_result(job),
        job=job,
        voice=voice,
        stop=stop,
        writes=writes,
        secrets=secrets_of(job),
    )
    return partial(function_of(task), context, *args, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext(TaskContext):  # type: ignore[misc, type-arg]  # the stubs don't know that it is frozen
    """django.tasks' context, and what our tasks can do with their job; the same in coroutine, thread and process."""

    job: JobRow
    voice: Says
    stop: Stop = field(default_factory=threading.Event)
    writes: list[Write] = field(default_factory=list)
    #: Texts in its redacted arguments, which what it says is kept free of.
    secrets: frozenset[str] = frozenset()

    @property
    def job_id(self) -> str:
        return str(self.job.id)

    @property
    def owner_id(self) -> Any:
        """Primary key of the user whom the job belongs to, or None."""
        return self.job.owner_id

    @property
    def attempt(self) -> int:
        return self.job.attempt

    @property
    def max_attempts(self) -> int:
        return self.job.max_attempts

    @property
    def idempotency_key(self) -> str:
        """The same in every attempt: hand it to other systems, so that they do a thing once."""
        return self.job_id

    @property
    def traceparent(self) -> str:
        """W3C trace context of whoever enqueued the job, to hand to other systems; empty: none came."""
        return self.job.traceparent

    @property
    def cancelled(self) -> bool:
        """True once the attempt should end: its soft time limit is over, it was cancelled, or the worker stops."""
        return self.stop.is_set()

    @property
    def log(self) -> TaskLog:
        """Python's own logging, which the job's owner reads too."""
        return TaskLog(job_id=self.job_id, attempt=self.attempt, secrets=self.secrets, tell=self.voice.log)

    def progress(self, fraction: float, text: str = "") -> None:
        """Says how far the job is, 0..1. Cheap: of many calls in a short time only the last is told."""
        if self.secrets:
            text = masked(text, self.secrets)
        self.voice.progress(
            min(1.0, max(0.0, float(fraction))), storable(text[:MAX_PROGRESS_TEXT])[:MAX_PROGRESS_TEXT]
        )

    def commit_with(self, write: Write) -> None:
        """Has `write` called in the transaction that records this attempt's success, so that both are committed or
        neither; with several, in their order.

        `write` is a plain function that uses the ORM, also where the task is a coroutine. It is called only if the
        task returns and still holds its job. Should it raise, the attempt fails with that error. With
        executor="process" it must be picklable, such as a partial() of a module's function; else raises TypeError.
        """
        if iscoroutinefunction(write):
            raise TypeError(f"commit_with() takes a plain function, got {write!r}.")
        if find_task(self.job.task_path).executor == "process":
            _check_travels(write)
        self.writes.append(write)

    def open(self, upload: Upload) -> "ContentFile[bytes]":
        """An uploaded file of the job's owner, for reading. Blocks. Raises UploadNotFound."""
        try:
            return files.open_upload(upload, self.owner_id)
        finally:
            close_old_connections()

    def save(self, name: str, content: bytes | BinaryIO, content_type: str) -> str:
        """Stores a file for the job's owner to download; answers its name. Blocks.

        One of the same name from an earlier attempt is replaced. Raises AttemptOver when this attempt does not
        hold the job any more, as its result would not be recorded either.
        """
        try:
            return files.store_result(
                job_id=self.job.id,
                starts=self.job.starts,
                owner_id=self.owner_id,
                name=name,
                content=content,
                content_type=content_type,
            ).name
        finally:
            close_old_connections()


def _check_travels(write: Write) -> None:
    try:
        pickle.dumps(write)
    except Exception as error:
        raise TypeError(
            "With executor='process', commit_with() takes what pickle can send to the worker, such as a partial() "
            f"of a module's function; got {write!r}: {error}"
        ) from error
