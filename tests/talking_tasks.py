"""Tasks that say something while they run, for the tests of chunks and logs."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from django.tasks import task

from jobs import JobContext

logger = logging.getLogger("shop")

#: Lets the patient ones of this process go on.
may_go_on = threading.Event()
#: Generators of this process that have run their clean-up.
closed: list[str] = []


@task
async def count_up(to: int) -> AsyncGenerator[int]:
    for number in range(to):
        yield number


@task
async def wait_after_the_first() -> AsyncGenerator[str]:
    yield "first"
    while not may_go_on.is_set():
        await asyncio.sleep(0.005)
    yield "last"


@task(takes_context=True, max_attempts=2, backoff=lambda _attempt, _error: timedelta(0))
async def break_once(context: JobContext) -> AsyncGenerator[str]:
    yield f"a{context.attempt}"
    context.log.info("between")
    yield f"b{context.attempt}"
    if context.attempt == 1:
        raise ConnectionError("cut off")


@task
async def stream_what_json_has_not() -> AsyncGenerator[object]:
    try:
        yield {"fine": [1, None, "ü"]}
        yield object()
    finally:
        closed.append("stream_what_json_has_not")


@task(timeout=timedelta(milliseconds=300))
async def stream_too_long() -> AsyncGenerator[int]:
    try:
        yield 1
        await asyncio.sleep(60)
    finally:
        closed.append("stream_too_long")


@task(redact=("token",), takes_context=True)
async def stream_secrets(context: JobContext, token: str) -> AsyncGenerator[Any]:
    logger.warning("has %s", token)
    context.log.info("also %s", token)
    logger.info("and postgres://me:hunter22@db/x")
    yield {"token": token, "deep": [f"<{token}>", 7]}


def _talk(context: JobContext) -> None:
    logger.debug("too low")
    logger.info("%d lines", 2)
    context.log.debug("too low as well")
    context.log.warning("careful with %s", "it")
    logging.getLogger("jobs.worker.executor").warning("a line of the engine's own")
    try:
        raise ValueError("no such row")
    except ValueError:
        logger.exception("failed")
        context.log.exception("once more")


@task(takes_context=True)
async def talk(context: JobContext) -> None:
    _talk(context)


@task(takes_context=True)
async def talk_in_a_thread_of_a_coroutine(context: JobContext) -> None:
    await asyncio.to_thread(_talk, context)


@task(takes_context=True)
def talk_in_thread(context: JobContext) -> None:
    _talk(context)


@task(takes_context=True, executor="process")
def talk_in_process(context: JobContext) -> None:
    _talk(context)
