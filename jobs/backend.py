"""django.tasks' backend: jobs are rows, run by an arq worker."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.tasks import Task as DjangoTask
from django.tasks import TaskResult
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist
from django.tasks.signals import task_enqueued

from jobs import conf
from jobs.arguments import bind
from jobs.lifecycle import enqueue, signals
from jobs.lifecycle.enqueue import new_job
from jobs.models import Job
from jobs.models.row import JobRow
from jobs.result import task_result
from jobs.task import Task, function_of


class ArqBackend(BaseTaskBackend):
    """Stores each enqueued call as a row, and lets arq workers know of it through Redis."""

    task_class = Task
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def validate_task(self, task: "DjangoTask[Any, Any]") -> None:
        """Refuses with InvalidTask what no worker could run."""
        super().validate_task(task)
        if isinstance(task, Task):
            validate_options(task)

    def enqueue(  # type: ignore[override]  # the stubs say list where Django passes a tuple
        self, task: Task, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> "TaskResult[Any, Any]":
        """Raises InvalidTask, InvalidArguments or ArgumentsTooLarge; then nothing is stored."""
        [result] = self._enqueue(task, [new_job(task, *bind(task, args, kwargs))])
        return result

    def enqueue_many(self, task: Task, calls: Iterable[Mapping[str, Any]]) -> "list[TaskResult[Any, Any]]":
        """Stores one job for each call's keyword arguments, all of them or none. See enqueue()."""
        return self._enqueue(task, _new_jobs(task, calls))

    def _enqueue(self, task: Task, jobs: list[JobRow]) -> "list[TaskResult[Any, Any]]":
        results = _results(task, jobs, enqueue.enqueue(jobs))
        if signals.are_heard(task_enqueued):
            for result in results:
                task_enqueued.send(type(self), task_result=result)
        return results

    async def aenqueue(  # type: ignore[override]  # as above
        self, task: Task, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> "TaskResult[Any, Any]":
        """See enqueue()."""
        job = new_job(task, *bind(task, args, kwargs))
        results = _results(task, [job], [await enqueue.aenqueue(job)])
        await self._tell(results)
        return results[0]

    async def aenqueue_many(
        self, task: Task, calls: Iterable[Mapping[str, Any]]
    ) -> "list[TaskResult[Any, Any]]":
        """See enqueue_many()."""
        jobs = _new_jobs(task, calls)
        results = _results(task, jobs, await enqueue.aenqueue_many(jobs))
        await self._tell(results)
        return results

    async def _tell(self, results: "list[TaskResult[Any, Any]]") -> None:
        if signals.are_heard(task_enqueued):
            for result in results:
                await task_enqueued.asend(type(self), task_result=result)

    def get_result(self, result_id: str) -> "TaskResult[Any, Any]":
        """Raises TaskResultDoesNotExist."""
        try:
            return task_result(Job.objects.get(id=UUID(str(result_id))))
        except (Job.DoesNotExist, ValueError) as error:
            raise TaskResultDoesNotExist(result_id) from error

    async def aget_result(self, result_id: str) -> "TaskResult[Any, Any]":
        """See get_result()."""
        return await sync_to_async(self.get_result)(result_id)

    def check(self, **_: Any) -> list[checks.CheckMessage]:
        try:
            conf.options()
        except (ImproperlyConfigured, TypeError) as error:
            return [checks.Error(str(error), id="jobs.E001")]
        if self.alias != conf.ALIAS:
            hint = f"Move its settings to TASKS[{conf.ALIAS!r}]."
            return [
                checks.Error(f"ArqBackend must be the backend {conf.ALIAS!r}.", hint=hint, id="jobs.E002")
            ]
        return []


def _new_jobs(task: Task, calls: Iterable[Mapping[str, Any]]) -> list[JobRow]:
    return [new_job(task, *bind(task, (), dict(call))) for call in calls]


def _results(task: Task, asked: Sequence[JobRow], stored: Sequence[JobRow]) -> "list[TaskResult[Any, Any]]":
    """The task is known, unless another call's job stands for the one that was asked for."""
    return [task_result(job, task if job is new else None) for new, job in zip(asked, stored, strict=True)]


def validate_options(task: Task) -> None:
    """Refuses wrong options when the task is defined, one sentence each."""
    if problem := next(_problems(task), None):
        raise InvalidTask(f"Task {task.module_path}: {problem}")


def _problems(task: Task) -> Iterator[str]:
    yield from _problems_of_attempts(task)
    yield from _problems_of_executor(task)
    yield from _problems_of_redaction(task)
    yield from _problems_of_uniqueness(task)
    if task.expose and any(_is_variadic(parameter) for parameter in _parameters(task)):
        yield "an exposed task needs named parameters, without *args and **kwargs."


def _problems_of_attempts(task: Task) -> Iterator[str]:
    if task.max_attempts < 1:
        yield f"max_attempts must be at least 1, got {task.max_attempts}."
    for name in ("timeout", "deadline", "unique_for"):
        if (duration := getattr(task, name)) is not None and not _is_positive(duration):
            yield f"{name} must be a positive timedelta, got {duration!r}."
    yield from _problems_of_soft_timeout(task)
    if not callable(task.backoff) and task.backoff not in {"exponential", "linear", "fixed"}:
        expected = "'exponential', 'linear', 'fixed' or a function of attempt and exception"
        yield f"backoff must be {expected}, got {task.backoff!r}."
    for name in ("retry_on", "give_up_on"):
        if not _are_errors(errors := getattr(task, name)):
            yield f"{name} must be a tuple of exception classes, got {errors!r}."


def _problems_of_soft_timeout(task: Task) -> Iterator[str]:
    soft, hard = task.soft_timeout, task.timeout or conf.options().timeout
    if soft is not None and not (_is_positive(soft) and soft < hard):
        yield f"soft_timeout must be a positive timedelta below the timeout of {hard}, got {soft!r}."


def _is_positive(duration: Any) -> bool:
    return isinstance(duration, timedelta) and duration > timedelta()


def _problems_of_uniqueness(task: Task) -> Iterator[str]:
    key: Any = task.unique_key
    if isinstance(key, str) and not key:
        yield "unique_key must not be empty; leave it out if the jobs are not unique."
    elif not (key is None or isinstance(key, str) or callable(key)):
        yield f"unique_key must be a text, or a function of the task's arguments that answers one, got {key!r}."
    if task.unique_for is not None and key is None:
        yield "unique_for needs a unique_key."


def _are_errors(errors: Any) -> bool:
    return isinstance(errors, tuple) and all(
        isinstance(kind, type) and issubclass(kind, BaseException) for kind in errors
    )


def _problems_of_executor(task: Task) -> Iterator[str]:
    if task.executor not in {None, "process"}:
        yield f"executor must be None or 'process', got {task.executor!r}."
    if task.executor == "process" and task.is_async:
        yield "executor='process' runs plain functions; drop `async` or the executor."
    if task.max_memory is not None and task.executor != "process":
        yield "max_memory needs executor='process'."
    if inspect.isgeneratorfunction(task.func):
        yield "expected a function that returns, or an async generator, which streams; got a plain generator."


def _problems_of_redaction(task: Task) -> Iterator[str]:
    if not _are_names(task.redact):
        yield f"redact must be a tuple of names of parameters, got {task.redact!r}."
        return
    named = [parameter.name for parameter in _parameters(task) if not _is_variadic(parameter)]
    known = named[1:] if task.takes_context else named
    for name in task.redact:
        if name not in known:
            yield f"redact must name parameters, {', '.join(known) or 'of which there are none'}; got {name!r}."


def _are_names(names: Any) -> bool:
    return isinstance(names, tuple) and all(isinstance(name, str) for name in names)


def _parameters(task: Task) -> list[inspect.Parameter]:
    return _parameters_of(function_of(task))


@cache
def _parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Read once: `using()` makes a task, and so checks its options, for every job that names one."""
    return list(inspect.signature(function).parameters.values())


def _is_variadic(parameter: inspect.Parameter) -> bool:
    return parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
