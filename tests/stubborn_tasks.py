"""Tasks that do not end when they should, and some that do, for the tests of limits, cancels and stops."""

import asyncio
import contextlib
import sys
import threading
import time
from datetime import timedelta

from django.tasks import task

from jobs import JobContext, SoftTimeout

SOFT = timedelta(milliseconds=50)

#: Lets the stubborn ones of this process end.
may_end = threading.Event()


@task(soft_timeout=SOFT)
async def clean_up() -> str:
    try:
        await asyncio.sleep(60)
    except SoftTimeout:
        await asyncio.sleep(0)
        return "cleaned up"
    return "slept"


@task(soft_timeout=SOFT)
async def heed_no_warning() -> None:
    await asyncio.sleep(60)


@task(soft_timeout=SOFT, timeout=timedelta(milliseconds=100))
async def shrug_off_a_warning() -> None:
    with contextlib.suppress(SoftTimeout):
        await asyncio.sleep(60)
    await asyncio.sleep(60)


@task(takes_context=True, soft_timeout=SOFT)
def look_out_in_thread(context: JobContext) -> str:
    while not context.cancelled:
        time.sleep(0.01)
    return "told"


@task(takes_context=True, soft_timeout=SOFT, executor="process")
def look_out_in_process(context: JobContext) -> str:
    while not context.cancelled:
        time.sleep(0.01)
    return "told"


@task
async def obey() -> None:
    await asyncio.sleep(60)


@task(takes_context=True)
def obey_in_thread(context: JobContext) -> None:
    while not context.cancelled:
        time.sleep(0.01)


@task(expose=True)
async def refuse_to_end() -> None:
    while not may_end.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)


@task
def refuse_to_end_in_thread() -> None:
    may_end.wait(60)


@task(executor="process")
def refuse_to_end_in_process() -> None:
    time.sleep(60)


@task
async def leave_python() -> None:
    sys.exit(3)


@task
def leave_python_in_thread() -> None:
    sys.exit(3)


@task
async def cancel_what_it_awaits() -> None:
    waited_for = asyncio.ensure_future(asyncio.sleep(60))
    waited_for.cancel()
    await waited_for


@task(takes_context=True, executor="process")
def say_much_in_process(context: JobContext) -> None:
    for number in range(2000):
        context.progress(number / 2000, str(number))
    time.sleep(0.5)
    for number in range(2000, 4000):
        context.progress(number / 4000, str(number))


@task(takes_context=True, executor="process", max_memory=200 * 1024 * 1024)
def report_and_fill_memory(context: JobContext) -> int:
    for number in range(10):
        context.progress(number / 10)
    time.sleep(0.3)  # in which the last of them is passed on
    return len(bytearray(180 * 1024 * 1024))


def hold_up_the_loop(seconds: float) -> None:
    time.sleep(seconds)


@task(expose=True)
async def hold_up_everybody(seconds: float) -> str:
    """Makes the mistake of not awaiting."""
    hold_up_the_loop(seconds)
    return "held up"


class Odd(BaseException):
    """As some libraries' time-outs are."""


@task
async def raise_what_is_no_exception() -> None:
    raise Odd


@task
def raise_what_is_no_exception_in_thread() -> None:
    raise Odd
