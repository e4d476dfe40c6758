"""Where a task's function runs: on the loop, in a thread, or in a child process."""

import asyncio

from django.tasks.signals import task_started

from jobs.errors import TimedOut
from jobs.lifecycle.finish import Outcome
from jobs.lifecycle import signals
from jobs.worker import child
from jobs.worker.attempt import Attempt, Fate, handed_back, raised, returned
from jobs.worker.context import Report, bound
from jobs.worker.threads import Threads


async def perform(attempt: Attempt, report: Report, threads: Threads) -> Outcome | None:
    """Runs the attempt within its time limit; None when it was lost to another worker."""
    seconds = attempt.time_limit.total_seconds()
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            if signals.are_heard(task_started):
                await signals.tell(task_started, attempt.job)
            return await _call(attempt, report, threads)
    except TimeoutError as error:
        attempt.stop.set()
        return raised(attempt, TimedOut(f"It ran longer than {seconds:g} s.") if limit.expired() else error)
    except asyncio.CancelledError as error:
        return _ended_from_outside(attempt, error)
    except Exception as error:  # noqa: BLE001  whatever a task raises is its outcome
        return raised(attempt, error)


async def _call(attempt: Attempt, report: Report, threads: Threads) -> Outcome:
    task, job = attempt.task, attempt.job
    if task.executor == "process":
        return await child.perform(attempt, report, threads)
    function = bound(task, job, report, attempt.stop)
    if task.is_async:
        return returned(attempt, await function())
    return returned(attempt, await threads.call(function))


def _ended_from_outside(attempt: Attempt, error: asyncio.CancelledError) -> Outcome | None:
    match attempt.fate:
        case Fate.LOST:
            return None
        case Fate.HANDED_BACK:
            return handed_back()
        case None:
            # The task cancelled itself, or awaited something that was cancelled.
            return raised(attempt, RuntimeError(f"The task was cancelled from within. {error}"))
