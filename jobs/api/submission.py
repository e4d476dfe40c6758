"""From a checked body to a stored job."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.tasks.signals import task_enqueued

from jobs.api.pointers import place_in, pointer
from jobs.api.problems import MAX_TOLD, Kind, Problem, told
from jobs.api.repeats import first_of
from jobs.api.schemas.submission import Submission
from jobs.api.webhooks import unknown_webhook, unknown_webhooks
from jobs.arguments import bind, parse
from jobs.errors import InvalidArguments
from jobs.events.shapes import job_json
from jobs.lifecycle import signals
from jobs.lifecycle.enqueue import aenqueue, new_job
from jobs.lifecycle.once import Key, aenqueue_once
from jobs.lifecycle.retry import Arguments
from jobs.models.row import JobRow
from jobs.models.shown import ShownJob, show
from jobs.task import Task, find_exposed_task
from jobs.uploads import misplaced_uploads


@dataclass(frozen=True, slots=True)
class Call:
    """What a submission asks for, once it fits its task."""

    task: Task
    arguments: dict[str, Any]
    submission: Submission

    def misfit(self, error: InvalidArguments) -> Problem:
        return _misfit(self.task, self.submission.args, error)

    def new_job(self) -> JobRow:
        """Raises Problem or ArgumentsTooLarge."""
        try:
            return new_job(self.task, *bind(self.task, (), self.arguments))
        except InvalidArguments as error:
            raise self.misfit(error) from error


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the submissions of one request. Most of a batch ask for the same, which is then made once."""

    owner: Any
    traceparent: str = ""
    _tasks: dict[tuple[Any, ...], Task] = field(default_factory=dict)

    def read(self, submission: Submission) -> Call:
        """Checks all but the uploads and the webhook that it names. Raises Problem or UnknownTask."""
        task = self._task_of(submission)
        try:
            return Call(task, parse(task, submission.args), submission)
        except InvalidArguments as error:
            raise _misfit(task, submission.args, error) from error

    def _task_of(self, asked: Submission) -> Task:
        alike = (asked.task, asked.queue, asked.priority, asked.run_after, asked.webhook, *asked.tags)
        if alike not in self._tasks:
            self._tasks[alike] = self._new_task(asked)
        return self._tasks[alike]

    def _new_task(self, asked: Submission) -> Task:
        task = find_exposed_task(asked.task)
        _check_queue(task, asked.queue)
        return task.using(
            owner=self.owner,
            queue_name=asked.queue,
            priority=asked.priority,
            run_after=asked.run_after,
            webhook=asked.webhook,
            tags=asked.tags,
            traceparent=self.traceparent,
        )


async def job_of(submission: Submission, *, owner: Any, traceparent: str = "") -> JobRow:
    """A job that may be stored. Raises Problem, UnknownTask or ArgumentsTooLarge."""
    call = Reader(owner, traceparent).read(submission)
    for error in (await misplaced_uploads([(call.task, call.arguments)], owner.pk)).values():
        raise call.misfit(error)
    if submission.webhook in await unknown_webhooks([submission.webhook], owner):
        raise unknown_webhook(submission.webhook)
    return call.new_job()


async def arguments_of(job: ShownJob, args: dict[str, Any]) -> Arguments:
    """Other arguments for a job, checked as a submission's are. Raises Problem, UnknownTask or ArgumentsTooLarge."""
    task = find_exposed_task(job.task_path)
    try:
        arguments = parse(task, args)
        for error in (await misplaced_uploads([(task, arguments)], job.owner_id)).values():
            raise error
        return Arguments.of(task, arguments)
    except InvalidArguments as error:
        raise _misfit(task, args, error) from error


async def store(job: JobRow, key: Key | None, *, asker: Any) -> dict[str, Any]:
    """The JSON of the stored job, or of the one that holds its unique key. Raises Problem or KeyReused."""
    if key:
        return await _store_once(job, key, asker)
    stored = await aenqueue(job)
    if stored is not job:
        return await sync_to_async(_shown)(stored, asker)
    await tell_listeners([job])
    return job_json(job)


async def _store_once(job: JobRow, key: Key, asker: Any) -> dict[str, Any]:
    def answer(stood: Sequence[JobRow]) -> dict[str, Any]:
        return job_json(job) if stood[0] is job else _shown(stood[0], asker)

    async with first_of(key):
        answered, new = await aenqueue_once(key, [job], answer)
    await tell_listeners(new)
    return dict(answered)


def _shown(stored: JobRow, asker: Any) -> dict[str, Any]:
    """Of a job that may have come far already."""
    [job] = show([stored.id])
    return job_json(job, with_traceback=asker.is_staff)


async def tell_listeners(new: Iterable[JobRow]) -> None:
    """As django.tasks does when something was enqueued."""
    if signals.are_heard(task_enqueued):
        for job in new:
            await signals.tell(task_enqueued, job)


def _check_queue(task: Task, queue: str | None) -> None:
    queues = task.get_backend().queues
    if queue is None or not queues or queue in queues:
        return
    known = sorted(queues)
    detail = f"There is no queue {queue!r}; expected one of: {', '.join(known)}."
    errors = [{"pointer": pointer("queue"), "detail": detail}]
    raise Problem(Kind.UNKNOWN_QUEUE, detail, errors=errors, known_queues=known)


def _misfit(task: Task, given: dict[str, Any], error: InvalidArguments) -> Problem:
    problems = error.problems or (((), str(error)),)
    errors = [
        {"pointer": pointer("args", *place_in(given, path)), "detail": sentence}
        for path, sentence in problems
    ]
    more = "; and more" if len(errors) > MAX_TOLD else ""
    detail = f"{task.public_name} does not take this: {told(errors)}{more}"
    return Problem(Kind.INVALID_ARGUMENTS, detail, errors=errors)
