"""What tests of the socket do: watch a job, move it on, take the database away."""

import asyncio
from contextlib import contextmanager, suppress

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import OperationalError, connection

from consumers.live import LiveConsumer
from jobs.access import EVERYTHING, Access
from jobs.events.emit import publish
from jobs.lifecycle.finish import Outcome, Progress, record_progress
from jobs.lifecycle.start import start
from jobs.live.hub import reader
from jobs.models import Job
from jobs.status import Status
from tests.sockets import Socket


def access_of(user):
    """As that user's session gives it, though nothing ends it."""
    return Access(user=user, scopes=EVERYTHING)


async def watch(socket, job, **more):
    await socket.say(type="subscribe", topic=f"job:{job.id}", **more)
    return await socket.hear()


async def do(verb, *args):
    """Runs a verb of the lifecycle as the worker would, and publishes its events."""
    done = await sync_to_async(verb)(*args)
    await publish(getattr(done, "events", done))


async def success(job):
    return await Job.objects.aget(id=job.id), Outcome(status=Status.SUCCESSFUL, return_value=3)


async def report_progress(job, times):
    """Starts it and commits that many events, of which nobody is told."""
    await sync_to_async(start)([str(job.id)], "w1")
    for number in range(times - 1):
        report = [Progress(job=await Job.objects.aget(id=job.id), fraction=number / times, text="")]
        await sync_to_async(record_progress)(report)


async def slow_socket(owner):
    """A socket of a client that reads, or is at least sent a close, only while the event is set."""
    reads = asyncio.Event()
    reads.set()

    async def slow(scope, receive, send):
        async def stuck(message):
            if message["type"] != "websocket.close":
                await reads.wait()
                await asyncio.sleep(0)  # let others go on, as a real one may
            await send(message)

        await LiveConsumer.as_asgi()(scope, receive, stuck)

    socket = Socket(slow, access=access_of(owner))
    await socket.open()
    return socket, reads


async def until(happened):
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(0.01)


@contextmanager
def without_store():
    """The connections of the async ORM's thread and of the live layer's refuse meanwhile."""
    threads = (SyncToAsync.single_thread_executor, reader.thread)
    for thread in threads:
        thread.submit(lambda: connection.execute_wrappers.append(refuse)).result(10)
    try:
        yield
    finally:
        for thread in threads:
            thread.submit(forget_refusal).result(10)


def forget_refusal():
    """A connection that was closed meanwhile has forgotten it by itself."""
    with suppress(ValueError):
        connection.execute_wrappers.remove(refuse)


def refuse(*_):
    raise OperationalError("the database system is starting up")
