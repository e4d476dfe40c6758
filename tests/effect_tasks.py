"""Tasks that write rows together with their success. A row of theirs is a Group, named after the job."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.tasks import task

from jobs import JobContext
from tests.sample_tasks import add

AT_ONCE = {"backoff": lambda _attempt, _error: timedelta(0)}


def effects_of(job_id: object) -> int:
    return Group.objects.filter(name__startswith=f"{job_id} ").count()


def write(job_id: str) -> None:
    Group.objects.create(name=f"{job_id} {uuid4()}")


@task(takes_context=True)
async def from_a_coroutine(context: JobContext) -> str:
    context.commit_with(partial(write, context.job_id))
    context.commit_with(partial(write, context.job_id))
    await asyncio.sleep(0)
    return "done"


@task(takes_context=True)
def from_a_thread(context: JobContext) -> str:
    context.commit_with(lambda: write(context.job_id))
    return "done"


@task(takes_context=True, executor="process")
def from_a_child(context: JobContext) -> str:
    context.commit_with(partial(write, context.job_id))
    return "done"


@task(takes_context=True, executor="process")
def from_a_child_with_a_lambda(context: JobContext) -> None:
    context.commit_with(lambda: None)


@task(takes_context=True)
def then_raise(context: JobContext) -> None:
    context.commit_with(lambda: write(context.job_id))
    raise ValueError("after all")


@task(takes_context=True)
async def with_a_coroutine_function(context: JobContext) -> None:
    async def wrong() -> None: ...

    context.commit_with(wrong)


@task(takes_context=True, max_attempts=2, **AT_ONCE)
async def refused_once(context: JobContext) -> int:
    def refuse() -> None:
        write(context.job_id)
        if context.attempt == 1:
            raise ConnectionError("not yet")

    context.commit_with(refuse)
    return context.attempt


@task(takes_context=True)
async def broken(context: JobContext, how: str) -> None:
    def same_name_twice() -> None:
        for _ in range(2):
            Group.objects.create(name=f"{context.job_id} same")

    def swallow() -> None:
        """Leaves a failed transaction, and says nothing."""
        with contextlib.suppress(IntegrityError):
            same_name_twice()

    def roll_back() -> None:
        write(context.job_id)
        transaction.set_rollback(True)

    def wrong_sql() -> None:
        """An OperationalError on SQLite, which a database that is away raises too."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    def leave() -> None:
        write(context.job_id)
        raise SystemExit(1)

    ways: dict[str, Callable[[], None]] = {
        "raises": same_name_twice,
        "swallows": swallow,
        "rolls back": roll_back,
        "asks for nothing": wrong_sql,
        "leaves": leave,
    }
    context.commit_with(ways[how])


@task(takes_context=True)
async def hand_on(context: JobContext, fails: bool) -> None:
    def enqueue_another() -> None:
        add.enqueue(20, 22)
        if fails:
            raise ValueError("after all")

    context.commit_with(enqueue_another)


@task(takes_context=True)
async def write_slowly(context: JobContext, seconds: float) -> None:
    context.commit_with(lambda: time.sleep(seconds))


@task(takes_context=True, expose=True)
def stop_at(context: JobContext, point: str, folder: str) -> str:
    """At its first start it stops at a point and says so by a file, to be killed there; later ones go through."""

    def at(here: str) -> None:
        if here == point and context.job.starts == 1:
            (Path(folder) / here.replace(" ", "-")).write_text(str(os.getpid()))
            time.sleep(60)

    def write_and_stop() -> None:
        at("before the write")
        write(context.job_id)
        at("after the write")
        transaction.on_commit(partial(at, "after the commit"))

    at("in the task")
    context.commit_with(write_and_stop)
    return "done"


@task(takes_context=True)
async def cut_the_connection(context: JobContext, times: int) -> None:
    cuts = iter(range(times))

    def write_and_cut() -> None:
        write(context.job_id)
        if next(cuts, None) is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    context.commit_with(write_and_cut)
