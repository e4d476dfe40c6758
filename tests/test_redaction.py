"""What a task redacts is known to the task alone."""

import asyncio
import json
import logging

import pytest
from asgiref.sync import sync_to_async
from django.core import serializers
from django.http import QueryDict
from django.tasks import task
from django.tasks.exceptions import InvalidTask
from django.utils.datastructures import MultiValueDict

from jobs.arguments import arguments_schema, parse
from jobs.dashboard.fields import fields_of
from jobs.dashboard.form import read
from jobs.errors import InvalidArguments
from jobs.events.shapes import job_json
from jobs.models import Event, Job
from jobs.status import Status
from jobs.worker.loop import Worker
from tests import secret_tasks
from tests.planted import Secret
from tests.secret_tasks import got

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = f'it\'s "{Secret.ARGUMENT}" — 🔑\\n'
KEY_BEFORE, KEY_NOW = "before " * 8, "now " * 12


@pytest.fixture(autouse=True)
def _nothing_came():
    got.clear()


async def work_off() -> None:
    await asyncio.wait_for(Worker(burst=True, handle_signals=False).async_run(), 30)


def all_that_is_stored() -> str:
    """Every row of jobs and events, as text in which nothing is escaped but quotes."""
    rows = json.loads(serializers.serialize("json", [*Job.objects.all(), *Event.objects.all()]))
    return json.dumps(rows, ensure_ascii=False)


async def test_the_task_gets_the_values_by_position_by_name_and_by_default():
    await secret_tasks.sign_in.aenqueue("ada", PASSWORD, pin=1234)
    await secret_tasks.sign_in.aenqueue("eve", password=PASSWORD, note="hi")
    await work_off()
    assert sorted(got) == [("ada", PASSWORD, 1234, ""), ("eve", PASSWORD, 0, "hi")]


@pytest.mark.parametrize("way", ["aenqueue", "enqueue", "aenqueue_many", "enqueue_many"])
async def test_the_row_holds_stars_whichever_way_it_was_enqueued(way):
    given = {"user": "ada", "password": PASSWORD, "pin": 1234}
    match way:
        case "aenqueue":
            await secret_tasks.sign_in.aenqueue(**given)
        case "enqueue":
            await sync_to_async(secret_tasks.sign_in.enqueue)(**given)
        case "aenqueue_many":
            await secret_tasks.sign_in.aenqueue_many([given])
        case "enqueue_many":
            await sync_to_async(secret_tasks.sign_in.enqueue_many)([given])
    job = await Job.objects.aget()
    assert job.kwargs == {"user": "ada", "password": "***", "pin": "***"}
    assert PASSWORD not in job.secrets
    await work_off()
    assert got == [("ada", PASSWORD, 1234, "")]


async def test_neither_the_result_nor_the_api_tells():
    result = await secret_tasks.sign_in.aenqueue("ada", PASSWORD, int(Secret.PIN))
    shown = job_json(await Job.objects.full().aget())
    assert shown["args"] == {"user": "ada", "password": "***", "pin": "***"}
    assert result.args == ["ada", "***", "***"]


async def test_whatever_a_failing_task_says_its_secrets_are_masked(caplog):
    token = f"tok/en with 'quotes' and \"{Secret.ARGUMENT_IN_AN_ERROR}\""
    await secret_tasks.tell_all.aenqueue(keys={"token": token, "codes": [987654], "short": "abc"})
    with caplog.at_level(logging.DEBUG):
        await work_off()
    job = await Job.objects.aget()
    assert (job.status, job.attempt) == (Status.FAILED, 2)
    assert job.errors[-1]["message"] == "refused {'token': '***', 'codes': [***], 'short': 'abc'}"
    assert job.progress_text == "with ***"
    assert "KeyError" in job.errors[-1]["traceback"]
    assert [record.getMessage() for record in caplog.records if record.name == "jobs.task"][:2] == [
        "with ***",
        "with ***",
    ]
    assert "KeyError" in caplog.text, "the log has its tracebacks all the same"
    stored = await sync_to_async(all_that_is_stored)()
    for text in (stored, caplog.text):
        assert "987654" not in text
        assert "tok/en" not in text
        assert "with 'quotes'" not in text


async def test_a_child_process_gets_the_value_and_masks_it():
    await secret_tasks.tell_all_in_process.aenqueue(Secret.ARGUMENT)
    await work_off()
    job = await Job.objects.aget()
    assert job.errors[-1]["message"] == "refused ***"
    assert Secret.ARGUMENT not in job.errors[-1]["traceback"]


async def test_a_job_outlives_a_change_of_the_key(settings):
    settings.SECRET_KEY = KEY_BEFORE
    await secret_tasks.sign_in.aenqueue("ada", PASSWORD)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = KEY_NOW, [KEY_BEFORE]
    await work_off()
    assert got == [("ada", PASSWORD, 0, "")]


async def test_a_job_whose_secrets_can_not_be_read_fails_at_once_and_says_what_to_do(settings):
    settings.SECRET_KEY = KEY_BEFORE
    await secret_tasks.sign_in.using(max_attempts=5).aenqueue("ada", PASSWORD)
    settings.SECRET_KEY = KEY_NOW
    await work_off()
    job = await Job.objects.aget()
    assert (job.status, job.attempt, got) == (Status.FAILED, 1, [])
    assert "SECRET_KEY_FALLBACKS" in job.errors[-1]["message"]


async def test_arguments_that_nothing_redacts_are_stored_as_they_are():
    await secret_tasks.whisper.aenqueue("hello")
    job = await Job.objects.aget()
    assert (job.args, job.secrets) == (["hello"], "")


def test_a_misfit_is_told_without_the_value():
    with pytest.raises(InvalidArguments) as refused:
        parse(secret_tasks.sign_in, {"user": 3, "password": 998877})
    told = dict(refused.value.problems)
    assert told["user",].endswith("got 3")
    assert told["password",] == "Input should be a valid string"
    assert "998877" not in str(refused.value)


def test_the_schema_says_so_and_the_form_asks_for_a_password():
    schema = arguments_schema(secret_tasks.sign_in)["properties"]
    assert (schema["password"]["writeOnly"], schema["password"]["format"]) == (True, "password")
    assert "writeOnly" not in schema["user"]
    field = {field.name: field for field in fields_of(secret_tasks.sign_in)}["password"]
    assert (field.input_type, field.is_secret) == ("password", True)


@pytest.mark.parametrize(
    "wrong", [("passwort",), ("context",), ("password", ""), ["password"], "password", ("rest",)]
)
def test_only_parameters_can_be_redacted(wrong):
    with pytest.raises(InvalidTask, match="redact must"):
        task(takes_context=True, redact=wrong)(module_level)


def module_level(context: object, password: str, *rest: str) -> None: ...


def test_a_form_that_is_refused_does_not_send_the_value_back():
    form = read(
        secret_tasks.sign_in,
        QueryDict(f"args.user=ada&args.password={Secret.REFUSED_ARGUMENT}&args.pin=x"),
        MultiValueDict(),
        1,
    )
    assert not form.is_valid
    assert {entry.field.name: entry.value for entry in form.entries} == {
        "user": "ada",
        "password": "",
        "pin": "",
        "note": "",
    }
    assert Secret.REFUSED_ARGUMENT not in str(form.error) + "".join(entry.error for entry in form.entries)
