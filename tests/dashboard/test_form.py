"""A form that was sent becomes arguments, or says what is wrong beside the field."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from jobs.dashboard.form import Form, read
from jobs.models import File
from tests.dashboard import tasks


def sent(task: Any, text: str = "", files: dict[str, list[Any]] | None = None, owner: int = 1) -> Form:
    """`text`: the form's body as a browser writes it."""
    return read(task, QueryDict(text), MultiValueDict(files or {}), owner)


def error(form: Form, name: str) -> str:
    [entry] = [entry for entry in form.entries if entry.field.name == name]
    return entry.error


def test_texts_become_what_the_signature_asks_for():
    form = sent(tasks.numbers, "args.copies=3&args.ratio=1.5&args.limit=7")
    assert (form.is_valid, form.arguments) == (True, {"copies": 3, "ratio": 1.5, "limit": 7})


def test_an_empty_field_leaves_the_argument_to_its_default():
    form = sent(tasks.words, "args.plain=x&args.mail=&args.note=")
    assert form.arguments == {"plain": "x"}


def test_emptying_a_default_passes_the_emptiness():
    assert sent(tasks.words, "args.plain=x&args.greeting=").arguments == {"plain": "x", "greeting": ""}
    assert sent(tasks.numbers, "args.copies=1&args.limit=").arguments == {"copies": 1, "limit": None}


def test_a_missing_argument_is_asked_for_beside_its_field():
    form = sent(tasks.numbers, "args.copies=")
    assert (form.is_valid, error(form, "copies"), error(form, "ratio")) == (False, "Fill this in.", "")


@pytest.mark.parametrize("given, says", [("11", "10"), ("many", "integer"), ("1.5", "integer")])
def test_a_wrong_number_is_refused_and_kept(given, says):
    form = sent(tasks.numbers, f"args.copies={given}")
    [copies] = [entry for entry in form.entries if entry.field.name == "copies"]
    assert says in copies.error
    assert copies.value == given


def test_options_become_the_values_they_stand_for():
    form = sent(
        tasks.choices, "args.size=large&args.level=3&args.separator=%09&args.colour=blue&args.loud=true"
    )
    assert form.arguments == {"size": "large", "level": 3, "separator": "\t", "colour": "blue", "loud": True}


def test_an_option_that_is_none_is_refused():
    form = sent(tasks.choices, "args.size=huge")
    assert "'small'" in error(form, "size")


def test_a_switch_that_is_not_sent_is_off():
    assert sent(tasks.choices, "args.size=small").arguments["loud"] is False


def test_lines_and_boxes_become_lists():
    form = sent(
        tasks.lists, "args.tags=a%0D%0A%0D%0A b %0D%0A&args.ports=1%0A2&args.days=Monday&args.days=Tuesday"
    )
    assert form.arguments == {"tags": ["a", "b"], "ports": [1, 2], "days": ["Monday", "Tuesday"]}


def test_a_wrong_item_is_named_by_its_place():
    form = sent(tasks.lists, "args.tags=a&args.ports=1%0Aone")
    assert error(form, "ports").startswith("Item 2:")


def test_line_ends_are_the_systems_own():
    form = sent(tasks.words, "args.plain=x%0D%0Ay")
    assert form.arguments["plain"] == "x\ny"


@pytest.mark.django_db
def test_json_and_moments_become_values_too(django_user_model):
    owner = django_user_model.objects.create_user("ada").pk
    text = "args.options=%7B%22a%22%3A[1]%7D&args.anything=7&args.when=2030-01-31T08:00&zone=Europe/Berlin"
    form = sent(tasks.others, text, {"args.source": [SimpleUploadedFile("a.csv", b"a")]}, owner)
    assert form.is_valid, error(form, "when")
    assert form.arguments["options"] == {"a": [1]}
    assert form.arguments["anything"] == 7
    assert form.arguments["when"].startswith("2030-01-31T08:00:00+01:00")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["%7Ba", "[" * 60_000, "[" * 5000 + "]" * 5000, "1" * 5000])
def test_json_that_is_none_is_refused(text):
    assert error(sent(tasks.others, f"args.options={text}"), "options")


@pytest.mark.parametrize(
    "moment, zone", [("0001-01-01T00:00", "Europe/Berlin"), ("9999-12-31T23:59", "America/New_York")]
)
def test_a_start_outside_the_calendar_is_refused(moment, zone):
    form = sent(tasks.words, f"args.plain=x&run_at={moment}&zone={zone}")
    assert form.options.errors == {"run_at": "Expected a date and a time, such as 2030-01-31 08:00."}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_start_may_lie_at_the_calendar_s_ends(moment):
    assert not sent(tasks.words, f"args.plain=x&run_at={moment}&zone=UTC").options.errors


@pytest.mark.django_db
def test_a_file_is_stored_and_its_id_passed(django_user_model):
    owner = django_user_model.objects.create_user("ada")
    form = sent(tasks.others, files={"args.source": [SimpleUploadedFile("my.csv", b"a,b")]}, owner=owner.pk)
    stored = File.objects.get()
    assert form.arguments == {"source": str(stored.id)}
    with stored.content.open() as content:
        assert (stored.name, stored.owner, content.read()) == ("my.csv", owner, b"a,b")


@pytest.mark.django_db
def test_several_files_become_a_list(django_user_model):
    owner = django_user_model.objects.create_user("ada").pk
    files = [SimpleUploadedFile(name, b"x") for name in ("a", "b")]
    form = sent(
        tasks.others, files={"args.source": [SimpleUploadedFile("c", b"x")], "args.more": files}, owner=owner
    )
    names = [File.objects.get(id=upload).name for upload in form.arguments["more"]]
    assert names == ["a", "b"]


@pytest.mark.django_db
def test_a_file_sent_with_a_wrong_form_need_not_be_sent_again(django_user_model):
    owner = django_user_model.objects.create_user("ada").pk
    files = {"args.source": [SimpleUploadedFile("my.csv", b"a,b")]}
    first = sent(tasks.others, "args.options=%7Ba", files, owner)
    assert not first.is_valid
    again = sent(tasks.others, f"args.source.kept={first.arguments['source']}", owner=owner)
    assert (again.is_valid, again.arguments) == (True, {"source": first.arguments["source"]})


@pytest.mark.django_db
def test_anothers_upload_cannot_be_named_as_kept(django_user_model):
    ada, eve = (django_user_model.objects.create_user(name).pk for name in ("ada", "eve"))
    hers = sent(tasks.others, files={"args.source": [SimpleUploadedFile("my.csv", b"a")]}, owner=ada)
    form = sent(tasks.others, f"args.source.kept={hers.arguments['source']}", owner=eve)
    assert error(form, "source") == "Fill this in."


@pytest.mark.django_db
def test_a_file_that_is_too_large_or_empty_is_refused(settings):
    backend = settings.TASKS["default"]
    settings.TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], "max_upload_bytes": 1000}}}
    large = sent(tasks.others, files={"args.source": [SimpleUploadedFile("big.csv", b"x" * 2000)]})
    assert error(large, "source") == "big.csv has 2.0 KB; expected at most 1.0 KB."
    empty = sent(tasks.others, files={"args.source": [SimpleUploadedFile("no.csv", b"")]})
    assert error(empty, "source") == "no.csv is empty."
    assert not File.objects.exists()


@pytest.mark.django_db
def test_a_long_name_is_cut_but_keeps_its_ending(django_user_model):
    owner = django_user_model.objects.create_user("ada").pk
    sent(tasks.others, files={"args.source": [SimpleUploadedFile("n" * 200 + ".csv", b"x")]}, owner=owner)
    name = File.objects.get().name
    assert (len(name), name[-5:]) == (150, "n.csv")


def test_queue_priority_and_start_are_taken_over():
    form = sent(
        tasks.words, "args.plain=x&queue=reports&priority=-3&run_at=2030-07-01T08:00&zone=Europe/Berlin"
    )
    changes = form.options.changes
    assert (changes["queue_name"], changes["priority"]) == ("reports", -3)
    assert changes["run_after"].isoformat() == "2030-07-01T08:00:00+02:00"


def test_wrong_options_are_said_and_shown():
    form = sent(tasks.words, "args.plain=x&queue=none&priority=500&run_at=soon&zone=../../etc/passwd")
    assert not form.is_valid
    assert form.options.are_in_sight
    assert set(form.options.errors) == {"queue", "priority", "run_at"}
