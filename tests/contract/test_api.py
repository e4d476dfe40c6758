"""The way of a job over HTTP, on every kind of store."""

from urllib.parse import quote
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections

from jobs.models import Job
from project import env
from tests.api.conftest import Caller, leave_file
from tests.stores import default_database


@pytest.fixture
def ada(store):
    return Caller(User.objects.create_user("ada"))


async def test_a_job_is_submitted_with_its_file_listed_and_its_result_fetched(ada):
    upload = (await ada.upload(("file", ("a.csv", b"1,2", "text/csv")))).json()
    for rows in range(1, 4):
        answer = await ada.submit("sample.typed", {"rows": rows, "source": upload["id"]}, priority=rows)
        assert answer.status_code == 202
    job = answer.json()
    await sync_to_async(leave_file)(await Job.objects.aget(id=job["id"]), "b.csv", b"3")
    shown = (await ada.get(answer.headers["Location"])).json()
    assert (await ada.get(shown["files"][0]["url"])).content == b"3"
    assert [event["seq"] for event in (await ada.get(shown["links"]["events"])).json()["events"]] == [1]
    page = (await ada.get("/api/v1/jobs?limit=2&task=sample.typed")).json()
    following = (await ada.get(page["next"])).json()
    assert [each["priority"] for each in page["jobs"] + following["jobs"]] == [3, 2, 1]


async def test_what_only_a_database_would_refuse_is_refused_before(ada):
    for args in ({"rows": 1, "tags": ["a\0b"]}, {"rows": 1, "source": "\0"}, {"rows": 2**70}):
        assert (await ada.submit("sample.typed", args)).status_code == 422
    for value in (2**62, 1e308, -0.0, "\U0001f600", {"": [None]}):
        assert (await ada.submit("sample.anything", {"value": value})).status_code == 202
    assert (await ada.get("/api/v1/jobs?task=x%00")).status_code == 422
    assert (await ada.get(f"/api/v1/jobs/{UUID(int=1)}/files/a%00")).status_code == 404
    assert (await ada.upload(("file", ("a\0b.csv", b"1", "text/csv\0")))).status_code in {201, 400}
    listed = (await ada.get("/api/v1/jobs")).json()["jobs"]
    assert listed[-1]["args"] == {"value": 2**62}


@pytest.fixture
def no_postgres(transactional_db, tmp_path):
    """Django's database is a PostgreSQL that does not run."""
    url = f"postgres://handoff@{quote(str(tmp_path), safe='')}/handoff"
    parsed = env.read({"DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY}).database
    parsed["OPTIONS"]["pool"] |= {"timeout": 0.2, "min_size": 0}
    with default_database(connections.configure_settings({"default": parsed})["default"]):
        yield


async def test_without_its_database_every_address_answers_503(no_postgres):
    stranger = Caller(None)
    for path in ("/api/v1/tasks", "/api/v1/jobs", f"/api/v1/jobs/{UUID(int=1)}"):
        answer = await stranger.get(path, authorization="Bearer handoff_any")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json()["type"] == "/docs/problems#unavailable"
        answer = await stranger.get(path, cookie="sessionid=abcdefghabcdefgh")
        assert answer.status_code == 503
