"""Where a task's function runs: on the loop, in a thread, or in a child process."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections

from jobs.errors import TimedOut
from jobs.lifecycle.finish import Outcome
from jobs.worker import child
from jobs.worker.attempt import Attempt, Fate, handed_back, raised, returned
from jobs.worker.context import Report, bound


async def perform(attempt: Attempt, report: Report, threads: ThreadPoolExecutor) -> Outcome | None:
    """Runs the attempt within its time limit; None when it was lost to another worker."""
    seconds = attempt.time_limit.total_seconds()
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _call(attempt, report, threads)
    except TimeoutError as error:
        attempt.stop.set()
        return raised(attempt, TimedOut(f"It ran longer than {seconds:g} s.") if limit.expired() else error)
    except asyncio.CancelledError as error:
        return _ended_from_outside(attempt, error)
    except Exception as error:  # noqa: BLE001  whatever a task raises is its outcome
        # A database connection that broke under this task must not break the next one's.
        await sync_to_async(close_old_connections)()
        return raised(attempt, error)


async def _call(attempt: Attempt, report: Report, threads: ThreadPoolExecutor) -> Outcome:
    task, job = attempt.task, attempt.job
    if task.executor == "process":
        return await child.perform(attempt, report, threads)
    function = bound(task, job, report, attempt.stop)
    if task.is_async:
        return returned(attempt, await function())
    # A copy of the context carries trace and locale over to the thread.
    in_context = partial(contextvars.copy_context().run, _call_in_thread, function)
    return returned(attempt, await asyncio.get_running_loop().run_in_executor(threads, in_context))


def _call_in_thread(function: Any) -> Any:
    try:
        return function()
    finally:
        connections.close_all()


def _ended_from_outside(attempt: Attempt, error: asyncio.CancelledError) -> Outcome | None:
    match attempt.fate:
        case Fate.LOST:
            return None
        case Fate.HANDED_BACK:
            return handed_back()
        case None:
            # The task cancelled itself, or awaited something that was cancelled.
            return raised(attempt, RuntimeError(f"The task was cancelled from within. {error}"))
