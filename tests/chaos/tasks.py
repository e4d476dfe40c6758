"""What runs while things break. Each task notes its start and its effect, and returns the number of its start."""

import asyncio
import time
from datetime import timedelta

from django.tasks import task

from jobs import JobContext, Snooze
from tests.chaos.notes import What, note

#: Far more than the retries that a run asks for: who uses up more has burnt them.
MAX_ATTEMPTS = 10


class AsPlanned(Exception):
    """The task was asked to fail."""


def soon(attempt: int, error: BaseException) -> timedelta:
    return timedelta(milliseconds=200)


@task(takes_context=True, expose=True)
async def work(context: JobContext, seconds: float) -> int:
    """Takes its time on the loop."""
    _say(What.START, context)
    await asyncio.sleep(seconds)
    return _done(context)


@task(takes_context=True, expose=True)
def work_in_thread(context: JobContext, seconds: float) -> int:
    """Takes its time in a thread, and stops when it is told to."""
    _say(What.START, context)
    until = time.monotonic() + seconds
    while time.monotonic() < until and not context.cancelled:
        time.sleep(0.02)
    return _done(context)


@task(takes_context=True, expose=True, executor="process")
def work_in_process(context: JobContext, seconds: float) -> int:
    """Takes its time in a child process."""
    _say(What.START, context)
    time.sleep(seconds)
    return _done(context)


@task(takes_context=True, expose=True)
async def tell(context: JobContext, seconds: float) -> int:
    """Says all the while how far it is."""
    _say(What.START, context)
    for tenth in range(10):
        context.progress(tenth / 10, f"{tenth} of 10")
        await asyncio.sleep(seconds / 10)
    return _done(context)


@task(takes_context=True, expose=True, max_attempts=MAX_ATTEMPTS, backoff=soon)
async def fail_first(context: JobContext, seconds: float, failures: int = 2) -> int:
    """Fails a few times."""
    _say(What.START, context)
    await asyncio.sleep(seconds)
    if context.attempt <= failures:
        _say(What.RAISED, context)
        raise AsPlanned
    return _done(context)


@task(takes_context=True, expose=True)
async def fail(context: JobContext, seconds: float) -> int:
    """Fails for good."""
    _say(What.START, context)
    await asyncio.sleep(seconds)
    _say(What.RAISED, context)
    raise AsPlanned


@task(takes_context=True, expose=True)
async def snooze_first(context: JobContext, seconds: float) -> int:
    """Puts itself off once."""
    _say(What.START, context)
    if context.job.starts == 1:
        raise Snooze(timedelta(seconds=seconds))
    return _done(context)


def _done(context: JobContext) -> int:
    _say(What.EFFECT, context)
    return context.job.starts


def _say(what: What, context: JobContext) -> None:
    note(what, job=context.job_id, starts=context.job.starts)
