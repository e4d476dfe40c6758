"""A task: django.tasks' Task with our options."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, Self
from uuid import UUID

from django.tasks import Task as DjangoTask
from django.tasks import TaskResult
from django.utils.module_loading import import_string

from jobs.errors import UnknownTask
from jobs.rules.retry import Backoff

type Executor = Literal["process"]
type UniqueKey = str | Callable[..., str]

#: Every task defined so far, by dotted path; one that has moved also by the path under which its old module has it.
_tasks: dict[str, "Task"] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(DjangoTask):  # type: ignore[type-arg]  # generic in the stubs only
    """What `@task` makes under our backend; each field is an option of the decorator."""

    #: How often a job may be tried; failures that end it earlier: see rules/retry.py.
    max_attempts: int = 1
    #: The pause between attempts.
    backoff: Backoff = "exponential"
    #: Errors worth another attempt.
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    #: Errors that end the job at once; wins over `retry_on`.
    give_up_on: tuple[type[BaseException], ...] = ()
    #: How long one attempt may run; None: the backend's `timeout_seconds`.
    timeout: timedelta | None = None
    #: When the task is told that its time is running out, from the attempt's start; None: never. See SoftTimeout.
    soft_timeout: timedelta | None = None
    #: How long after it was enqueued, or after its `run_after` if that is later, an attempt may start; None: for ever.
    deadline: timedelta | None = None
    #: Of the jobs of one owner with the same key only one waits or runs; enqueueing another answers that one. A
    #: text, or a function of the job's arguments that answers one; an empty text: not unique.
    unique_key: UniqueKey | None = None
    #: How long after it was enqueued a job holds its unique key though it may have ended; None: only until then.
    unique_for: timedelta | None = None
    #: Whether it can be called over HTTP, and under which name: True means its dotted path.
    expose: bool | str = False
    #: "process": in a child process. None: a coroutine function on the worker's loop, another in a thread.
    executor: Executor | None = None
    #: Memory of the child process, in bytes; None: no limit. Only with executor="process".
    max_memory: int | None = None
    #: Parameters whose arguments are stored encrypted and never shown: passwords, tokens, keys.
    redact: tuple[str, ...] = ()
    #: Primary key of the user whom a job will belong to; set by `using(owner=…)`.
    owner_id: Any = None
    #: Short texts that a job will carry, to be found by; set by `using(tags=…)`.
    tags: tuple[str, ...] = ()
    #: W3C trace context that a job will carry; set by `using(traceparent=…)`.
    traceparent: str = ""
    #: Id of the WebhookEndpoint that is told when a job ends; set by `using(webhook=…)`.
    webhook_id: UUID | None = None

    def __post_init__(self) -> None:
        DjangoTask.__post_init__(self)
        _tasks.setdefault(self.module_path, self)

    def using(
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime | None = None,
        backend: str | None = None,
        owner: Any = None,
        webhook: Any = None,
        max_attempts: int | None = None,
        timeout: timedelta | None = None,
        deadline: timedelta | None = None,
        unique_key: UniqueKey | None = None,
        unique_for: timedelta | None = None,
        tags: Sequence[str] | None = None,
        traceparent: str | None = None,
    ) -> Self:
        """The same task with other defaults for the jobs enqueued through it."""
        changes: dict[str, Any] = {
            "priority": priority,
            "queue_name": queue_name,
            "run_after": run_after,
            "backend": backend,
            "owner_id": getattr(owner, "pk", None),
            "webhook_id": getattr(webhook, "pk", webhook),
            "max_attempts": max_attempts,
            "timeout": timeout,
            "deadline": deadline,
            "unique_key": unique_key,
            "unique_for": unique_for,
            "tags": None if tags is None else tuple(tags),
            "traceparent": traceparent,
        }
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    def enqueue_many(self, calls: "Iterable[Mapping[str, Any]]") -> "list[TaskResult[Any, Any]]":
        """Enqueues one job for each mapping of keyword arguments, in one transaction: all of them or none."""
        backend: Any = self.get_backend()
        results: list[TaskResult[Any, Any]] = backend.enqueue_many(self, calls)
        return results

    async def aenqueue_many(self, calls: "Iterable[Mapping[str, Any]]") -> "list[TaskResult[Any, Any]]":
        """See enqueue_many()."""
        backend: Any = self.get_backend()
        results: list[TaskResult[Any, Any]] = await backend.aenqueue_many(self, calls)
        return results

    @property
    def public_name(self) -> str:
        """What HTTP and the pages call it."""
        return self.expose if isinstance(self.expose, str) else self.module_path

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (inspect.getdoc(self.func) or "").partition("\n")[0]

    @property
    def is_async(self) -> bool:
        """Whether it runs on the worker's event loop."""
        return _is_coroutine(self.func) or self.is_streaming

    @property
    def is_streaming(self) -> bool:
        """Whether each value that it yields is told at once."""
        return _is_async_generator(self.func)


_is_coroutine = cache(inspect.iscoroutinefunction)
_is_async_generator = cache(inspect.isasyncgenfunction)


def find_task(path: str) -> Task:
    """The task at a dotted path; imports its module if need be. Raises UnknownTask."""
    if path not in _tasks:
        _tasks[path] = _imported(path)
    return _tasks[path]


def _imported(path: str) -> Task:
    sentence = f"No task {path!r} here; expected the dotted path of a function decorated with @task."
    try:
        found = import_string(path)
    except Exception as error:  # whatever its module does when it is imported
        raise UnknownTask(sentence) from error
    if not isinstance(found, Task):
        raise UnknownTask(sentence)
    return found


def known_tasks() -> dict[str, "Task"]:
    """The tasks defined so far, by dotted path, and the exposed ones by their public name too."""
    return exposed_tasks() | _tasks


def exposed_tasks() -> dict[str, Task]:
    """The tasks that HTTP may call, by public name, in the order of their names."""
    exposed = {task.public_name: task for task in _tasks.values() if task.expose}
    return dict(sorted(exposed.items()))


def find_exposed_task(name: str) -> Task:
    """The exposed task of that public name or dotted path. Raises UnknownTask."""
    exposed = exposed_tasks()
    task = exposed.get(name) or _tasks.get(name)
    if task is None or not task.expose:
        known = ", ".join(exposed) or "none"
        raise UnknownTask(f"No task {name!r} can be called here; expected one of: {known}.")
    return task


def function_of(task: Task) -> Callable[..., Any]:
    function: Callable[..., Any] = task.func
    return function


def all_tasks() -> list[Task]:
    return [task for path, task in _tasks.items() if path == task.module_path]


def known_paths() -> list[str]:
    """Of the tasks defined so far, all the paths by which they have been found."""
    return list(_tasks)
