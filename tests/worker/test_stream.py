"""A streaming task: each value is a chunk, in order, and the generator is closed whatever happens."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from django.tasks import task
from django.tasks.exceptions import InvalidTask

from jobs import SoftTimeout
from jobs.errors import AttemptOver, InvalidChunk
from jobs.lifecycle import tell as telling
from jobs.models import Event, Job
from jobs.status import Status
from jobs.worker import attempt as attempts
from jobs.worker.attempt import Fate
from jobs.worker.executor import Executor
from jobs.worker.loop import Worker
from jobs.worker.steered import Steered
from jobs.worker.stream import MAX_CHUNK_BYTES, MAX_UNWRITTEN_BYTES, MAX_UNWRITTEN_CHUNKS, stream
from tests import talking_tasks
from tests.talking_tasks import closed, may_go_on
from tests.worker.running import Listener, running_attempt
from tests.worker.working import end_of, told, work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_at_the_beginning():
    closed.clear()
    may_go_on.clear()
    yield
    may_go_on.set()


async def turns(number: int = 2_000) -> None:
    """As many turns of the loop as whatever is going on could need."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_the_first_chunk_is_stored_while_the_task_goes_on():
    result = await talking_tasks.wait_after_the_first.aenqueue()
    working = asyncio.create_task(Worker(burst=True, handle_signals=False).async_run())
    async with asyncio.timeout(10):
        while not await Event.objects.filter(job=result.id, kind="chunk", data__value="first").aexists():
            await asyncio.sleep(0.005)
        may_go_on.set()
        await working
    job = await Job.objects.aget()
    assert await told(job) == ["ready", "running", (1, 0, "first"), (1, 1, "last"), "successful"]


async def test_a_new_attempt_starts_anew():
    assert await told(await end_of(talking_tasks.break_once)) == [
        *("ready", "running", (1, 0, "a1"), "between", (1, 1, "b1"), "deferred"),
        *("ready", "running", (2, 0, "a2"), "between", (2, 1, "b2"), "successful"),
    ]


async def test_what_json_can_not_carry_fails_the_attempt_and_closes_the_generator():
    job = await end_of(talking_tasks.stream_what_json_has_not)
    assert await told(job) == ["ready", "running", (1, 0, {"fine": [1, None, "ü"]}), "failed"]
    assert job.errors[-1]["exception_class_path"] == "jobs.errors.InvalidChunk"
    assert job.errors[-1]["message"] == (
        "Value 1 that was yielded is of type object; pass text, numbers, lists or dicts."
    )
    assert closed == ["stream_what_json_has_not"]


async def test_a_time_limit_ends_it_and_closes_the_generator():
    job = await end_of(talking_tasks.stream_too_long)
    assert await told(job) == ["ready", "running", (1, 0, 1), "failed"]
    assert (job.errors[-1]["exception_class_path"], closed) == ("jobs.errors.TimedOut", ["stream_too_long"])


async def test_more_values_than_a_result_may_have_stay_as_chunks(settings):
    options = {**settings.TASKS["default"]["OPTIONS"], "max_result_bytes": 100}
    settings.TASKS = {"default": {**settings.TASKS["default"], "OPTIONS": options}}
    job = await end_of(talking_tasks.count_up, 60)
    assert job.status == Status.SUCCESSFUL
    assert "takes more than 100 bytes" in job.return_value["unstorable"]
    assert await job.events.filter(kind="chunk").acount() == 60


async def test_its_values_and_lines_are_free_of_secrets():
    job = await end_of(talking_tasks.stream_secrets, "a long token")
    value = {"token": "***", "deep": ["<***>", 7]}
    assert (job.errors, job.return_value) == ([], [value])
    lines = ["has ***", "also ***", "and postgres://me:***@db/x"]
    assert await told(job) == ["ready", "running", *lines, (1, 0, value), "successful"]


async def test_chunks_are_told_to_the_job_s_owner(django_user_model, monkeypatch):
    ada = await django_user_model.objects.acreate_user("ada")
    published = []

    async def publish(events):
        published.extend(events)

    monkeypatch.setattr("jobs.worker.telling.publish", publish)
    await end_of(talking_tasks.count_up.using(owner=ada), 2)
    assert [(event.owner_id, event.data["value"]) for event in published] == [(ada.id, 0), (ada.id, 1)]


async def test_chunks_that_the_store_refuses_fail_their_job_alone(monkeypatch):
    really_tell = telling.tell

    def refuse_ninety_nine(said):
        if any(each.data.get("value") == 99 for each in said):
            raise ValueError("no such value")
        return really_tell(said)

    monkeypatch.setattr(telling, "tell", refuse_ninety_nine)
    good, bad = await talking_tasks.count_up.aenqueue(50), await talking_tasks.count_up.aenqueue(2_000)
    await work_off()
    assert (await Job.objects.aget(id=good.id)).return_value == list(range(50))
    assert (await Job.objects.aget(id=bad.id)).errors[-1]["message"] == "no such value"


@pytest.mark.parametrize(
    "value, most",
    [(1, MAX_UNWRITTEN_CHUNKS), ("x" * (MAX_CHUNK_BYTES - 2), MAX_UNWRITTEN_BYTES // MAX_CHUNK_BYTES)],
    ids=["chunks", "bytes"],
)
async def test_the_generator_waits_while_so_much_is_unwritten(value, most):
    async def endless():
        while True:
            yield value

    outlet = Listener()
    attempt = await running_attempt(talking_tasks.count_up, 1, outlet=outlet)
    running = asyncio.create_task(stream(attempt, endless))
    await turns()
    assert len(outlet.said) == most
    outlet.write_first()
    await turns()
    assert len(outlet.said) == most + 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def text_of(size: int) -> str:
    return "x" * (size - 2)  # and its quotation marks


async def test_a_chunk_has_so_many_bytes_at_most():
    async def two_sizes():
        yield text_of(MAX_CHUNK_BYTES)
        yield text_of(MAX_CHUNK_BYTES + 1)

    outlet = Listener()
    attempt = await running_attempt(talking_tasks.count_up, 1, outlet=outlet)
    with pytest.raises(InvalidChunk, match=r"Value 1 .* takes more than 65536 bytes as JSON"):
        await stream(attempt, two_sizes)
    assert [len(value) for value in outlet.values] == [MAX_CHUNK_BYTES - 2]


async def test_nothing_is_said_after_the_end_and_the_generator_is_closed():
    attempt = await running_attempt(talking_tasks.count_up, 1)
    attempt.voice.close()
    with pytest.raises(AttemptOver):
        await stream(attempt, talking_tasks.stream_what_json_has_not.func)
    assert closed == ["stream_what_json_has_not"]


#: What interrupts it, and what becomes of it.
ENDS = [
    (Fate.TIMED_OUT, Status.FAILED),
    (Fate.CANCELLED, Status.CANCELLED),
    (Fate.HANDED_BACK, Status.READY),
    (Fate.LOST, None),
]


@pytest.mark.parametrize("waits_for", ["what it awaits", "the store"])
@pytest.mark.parametrize("fate, status", ENDS)
async def test_an_attempt_that_is_ended_is_told_where_its_generator_waits(
    fate, status, waits_for, monkeypatch
):
    async def endless() -> AsyncGenerator[int]:
        try:
            while True:
                yield 1
                if waits_for == "what it awaits":
                    await asyncio.sleep(60)
        except asyncio.CancelledError:
            closed.append("told")
            raise
        finally:
            closed.append("closed")

    monkeypatch.setitem(attempts.GRACE, fate, 5.0)
    attempt = await running_attempt(talking_tasks.count_up, 1)
    monkeypatch.setattr(attempts.Task, "is_streaming", True)
    monkeypatch.setattr("jobs.worker.executor.bound", lambda *_: endless)
    running = asyncio.create_task(Executor(1, lambda: None).perform(attempt))
    await turns()
    attempt.end(fate)
    outcome = await asyncio.wait_for(running, 10)
    assert (outcome and outcome.status, closed) == (status, ["told", "closed"])


async def awaited(steered: Steered) -> Any:
    return await steered


@pytest.mark.parametrize("waits_for", ["what it awaits", "the store"])
async def test_a_soft_time_limit_is_raised_where_the_generator_waits(waits_for):
    async def endless() -> AsyncGenerator[str]:
        try:
            while True:
                yield "x"
                if waits_for == "what it awaits":
                    await asyncio.sleep(60)
        except SoftTimeout:
            outlet.write_all()
            yield "cut short"

    outlet = Listener()
    attempt = await running_attempt(talking_tasks.count_up, 1, outlet=outlet)
    steered = Steered(stream(attempt, endless))
    running = asyncio.ensure_future(awaited(steered))
    await turns()
    steered.interrupt(SoftTimeout())
    values = await asyncio.wait_for(running, 10)
    assert values[-1] == outlet.values[-1] == "cut short"


@pytest.mark.parametrize(
    "options, said",
    [({"executor": "process"}, "drop `async`"), ({"max_memory": 1}, "max_memory needs")],
)
def test_what_a_streaming_task_can_not_have_is_refused(options, said):
    with pytest.raises(InvalidTask, match=said):
        task(**options)(talking_tasks.count_up.func)


def plain_generator():
    yield 1


def test_a_plain_generator_is_refused():
    with pytest.raises(InvalidTask, match="an async generator, which streams; got a plain generator"):
        task(plain_generator)
