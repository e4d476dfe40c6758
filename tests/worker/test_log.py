"""What a task logs is told to its job's owner, with its other events."""

import logging

import pytest

from jobs.models import Job
from jobs.status import Status
from jobs.worker import capture
from jobs.worker.attempt import current
from jobs.worker.task_log import TaskLog
from jobs.worker.voice import LEFT_OUT, MAX_LINE_CHARACTERS, MAX_LINES
from tests import talking_tasks
from tests.worker.running import Listener, running_attempt
from tests.worker.working import work_off

pytestmark = pytest.mark.django_db(transaction=True)

logger = logging.getLogger("shop")


@pytest.fixture
async def heard():
    """What is said meanwhile, as in a task."""
    capture.install()
    listener = Listener()
    attempt = await running_attempt(talking_tasks.talk, outlet=listener)
    token = current.set(attempt)
    yield listener
    current.reset(token)


@pytest.mark.parametrize(
    "task",
    [
        talking_tasks.talk,
        talking_tasks.talk_in_a_thread_of_a_coroutine,
        talking_tasks.talk_in_thread,
        talking_tasks.talk_in_process,
    ],
)
async def test_lines_of_any_logger_and_of_the_context_are_stored_in_order_before_the_end(task):
    await task.aenqueue()
    await work_off()
    job = await Job.objects.aget()
    assert job.status == Status.SUCCESSFUL, job.errors
    events = [event async for event in job.events.order_by("seq")]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events] == ["status", "status", *["log"] * 4, "status"]
    assert [(event.data["level"], event.data["text"]) for event in events[2:-1]] == [
        ("info", "2 lines"),
        ("warning", "careful with it"),
        ("error", "failed\nValueError: no such row"),
        ("error", "once more\nValueError: no such row"),
    ]
    assert {event.data["attempt"] for event in events[2:-1]} == {1}


async def test_a_line_has_so_many_characters_at_most(heard):
    voice = current.get().voice
    for characters in (MAX_LINE_CHARACTERS, MAX_LINE_CHARACTERS + 1):
        voice.log(logging.INFO, "ü" * characters)
    whole, cut = heard.texts
    assert whole == "ü" * MAX_LINE_CHARACTERS
    assert (len(cut), cut[-2:]) == (MAX_LINE_CHARACTERS, "ü…")


async def test_an_attempt_has_so_many_lines_at_most_and_says_that_there_were_more(heard):
    voice = current.get().voice
    for number in range(MAX_LINES):
        voice.log(logging.INFO, str(number))
    assert heard.texts[-1] == str(MAX_LINES - 1)
    for _ in range(3):
        voice.log(logging.INFO, "one too many")
    assert heard.texts[-2:] == [str(MAX_LINES - 1), LEFT_OUT]


async def test_logging_after_the_end_is_logging_as_usual(heard, caplog):
    logger.warning("before")
    current.get().voice.close()
    logger.warning("after")
    assert heard.texts == ["before"]
    assert {"before", "after"} <= set(caplog.messages)


def line(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("shop", logging.INFO, "", 0, message, args, None)


class Chatty:
    def __str__(self) -> str:
        logger.warning("asked for its text")
        return "chatty"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


async def test_what_is_logged_while_a_line_is_heard_is_not_heard(heard):
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each, capture.Capture)]
    handler.handle(line("it is %s", Chatty()))
    assert heard.texts == ["it is chatty"]


@pytest.mark.parametrize(
    "args, texts",
    [((Broken(), 1), ["%s %d"]), (("one",), ["%s %d"])],
    ids=["a value that has no text", "too few values"],
)
async def test_a_line_that_can_not_be_formatted_hurts_nobody(heard, monkeypatch, args, texts):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    capture.Capture().handle(line("%s %d", *args))
    assert heard.texts == texts


async def test_a_task_does_not_fail_by_what_it_logs(heard, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log = TaskLog(job_id="1", attempt=1, secrets=["sesame"], tell=current.get().voice.log)
    log.info("order %s", Broken())
    log.info(Broken())
    assert heard.texts == ["order %s", "Broken, without a text: RuntimeError"]
