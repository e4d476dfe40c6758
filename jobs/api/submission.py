"""From a checked body to a stored job."""

from typing import Any
from uuid import UUID

from jobs.api.pointers import place_in, pointer
from jobs.api.problems import Kind, Problem
from jobs.api.schemas import Submission
from jobs.arguments import parse
from jobs.errors import InvalidArguments
from jobs.task import Task, find_exposed_task
from jobs.uploads import check_uploads


async def submit(submission: Submission, *, owner: Any) -> UUID:
    """The id of the stored job. Raises Problem, UnknownTask or ArgumentsTooLarge; then nothing is stored."""
    task = find_exposed_task(submission.task)
    _check_queue(task, submission.queue)
    try:
        arguments = parse(task, submission.args)
        await check_uploads(task, arguments, owner.pk)
        result = await task.using(
            owner=owner,
            queue_name=submission.queue,
            priority=submission.priority,
            run_after=submission.run_after,
        ).aenqueue(**arguments)
    except InvalidArguments as error:
        raise _misfit(task, submission.args, error) from error
    return UUID(result.id)


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
    text = "; ".join(f"{each['pointer']}: {each['detail']}" for each in errors[:3])
    more = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    return Problem(
        Kind.INVALID_ARGUMENTS, f"{task.public_name} does not take this: {text}{more}", errors=errors
    )
