"""What goes wrong on our side, and what a caller learns of it."""

from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError

from jobs.access import bearer
from jobs.api import documentation, submission
from jobs.api.pointers import place_in, pointer
from jobs.api.problems import Kind
from jobs.models import File, Job
from tests.planted import Secret
from tests.sample_tasks import add

ADD = add.public_name


@pytest.fixture
def database_away(monkeypatch):
    """From the moment on at which a job or a file would be written."""

    def refuse(*_, **__):
        raise OperationalError(f"connection refused: postgres://handoff:{Secret.DATABASE_PASSWORD}@db")

    monkeypatch.setattr("jobs.lifecycle.sql.store", refuse)
    monkeypatch.setattr(File, "save", refuse)


async def test_while_the_database_is_away_a_submission_is_a_503_and_nothing_is_stored(ada, database_away):
    answer = await ada.submit(ADD, {"a": 1})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["type"] == "/docs/problems#unavailable"
    assert Secret.DATABASE_PASSWORD not in answer.text
    assert not await Job.objects.aexists()


async def test_while_the_database_is_away_no_half_of_an_upload_stays(ada, database_away, settings):
    answer = await ada.upload(("file", ("a.csv", b"1", "text/csv")))
    assert answer.status_code == 503
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_a_database_that_is_away_when_the_token_is_looked_up_is_a_503(ada, monkeypatch, error):
    def refuse(*_):
        raise error("gone")

    monkeypatch.setattr(bearer, "_valid_tokens", refuse)
    assert (await ada.get("/api/v1/tasks")).status_code == 503


async def test_an_error_of_ours_tells_its_correlation_id_and_nothing_else(ada, monkeypatch, caplog):
    async def fail(*_, **__):
        raise ValueError(f"redis://default:{Secret.REDIS_PASSWORD}@broker")

    monkeypatch.setattr(submission, "misplaced_uploads", fail)
    answer = await ada.submit(ADD, {"a": 1})
    assert (answer.status_code, answer.json()["type"]) == (500, "/docs/problems#internal")
    assert Secret.REDIS_PASSWORD not in answer.text
    assert "Traceback" not in answer.text
    logged = [record for record in caplog.records if answer.json()["correlation_id"] in record.getMessage()]
    assert logged[0].exc_info


async def test_an_error_outside_of_the_api_is_a_problem_too(ada, monkeypatch):
    def fail(*_):
        raise ValueError(f"redis://default:{Secret.REDIS_PASSWORD}@broker")

    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_response", fail)
    answer = await ada.get("/api/v1/tasks")
    assert (answer.status_code, answer.json()["type"]) == (500, "/docs/problems#internal")
    assert Secret.REDIS_PASSWORD not in answer.text


async def test_an_error_of_the_pages_is_left_to_them(anonymous):
    answer = await anonymous.get("/apidocs")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (404, "text/html")


async def test_the_address_of_a_problem_is_written_in_ascii(ada, job_of_ada):
    answer = await ada.get(f"/api/v1/jobs/{job_of_ada.id}/files/Büro")
    assert answer.json()["instance"].endswith("/files/B%C3%BCro")


async def test_a_body_of_many_misfits_gets_a_short_answer(ada):
    answer = await ada.submit("sample.typed", {"rows": 1, "tags": [0] * 10_000})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 50
    assert len(answer.content) < 10_000
    stranger = await ada.post("/api/v1/jobs", {str(number): 0 for number in range(10_000)})
    assert len(stranger.json()["errors"]) == 50


async def test_misfits_of_a_megabyte_are_not_looked_for(ada):
    """Each would take some time to tell, and all of them the whole process."""
    answer = await ada.submit("sample.typed", {str(number): 0 for number in range(80_000)})
    assert (answer.status_code, answer.json()["type"]) == (413, "/docs/problems#arguments-too-large")


def test_every_kind_of_problem_is_described():
    """In jobs/api/problems.md, in their order; each begins with its status."""
    _, sections = documentation.read()
    assert list(sections) == [kind.slug for kind in Kind]
    for kind in Kind:
        assert sections[kind.slug].startswith(f"{kind.status}. ")


async def test_the_type_of_every_problem_leads_to_its_place_on_a_page(anonymous):
    for kind in Kind:
        address, _, anchor = kind.type.partition("#")
        page = await anonymous.get(address)
        assert page.status_code == 200
        assert f'<section id="{anchor}">' in page.text
    assert "<code>Retry-After</code> seconds" in page.text
    assert "`" not in page.text


async def test_nothing_is_answered_in_a_form_that_was_not_asked_for(ada, job_of_ada):
    """But a file, which is what it is."""
    paths = (await ada.get("/api/v1/openapi.json")).json()["paths"]
    asked = [
        path.replace("{job_id}", str(job_of_ada.id)) for path, methods in paths.items() if "get" in methods
    ]
    asked = ["/api/v1/openapi.json", *(path for path in asked if "{" not in path)]
    assert len(asked) > 8
    for path in asked:
        answer = await ada.get(path, accept="text/html;q=0.9, image/*")
        assert (answer.status_code, answer.json()["type"]) == (406, "/docs/problems#not-acceptable"), path


@pytest.mark.parametrize(
    "parts, text", [((), ""), (("args", "a/b", 0), "/args/a~1b/0"), (("~",), "/~0"), (("",), "/")]
)
def test_a_pointer_is_written_as_rfc_6901_says(parts, text):
    assert pointer(*parts) == text


@pytest.mark.parametrize(
    "value, path, place",
    [
        ({"rows": "x"}, ("rows", "int"), ("rows",)),
        ({"rows": ["x"]}, ("rows", "list[int]", 0), ("rows", 0)),
        ({"box": {}}, ("box", "width"), ("box", "width")),
        ({"box": {"width": "x"}}, ("box", "Box", "width", "int"), ("box", "width")),
        ({}, ("rows",), ("rows",)),
    ],
)
def test_a_place_has_no_names_of_types(value, path, place):
    assert place_in(value, path) == place
