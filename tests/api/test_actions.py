"""One verb for all jobs that match a filter, over HTTP."""

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from jobs.api import actions
from jobs.lifecycle.cancel import cancel
from jobs.lifecycle.verb import aact_on_many
from jobs.models import ApiToken, AuditRecord, Job, Scope
from tests.api.conftest import Caller
from tests.sample_tasks import add, note

PATH = "/api/v1/jobs/actions"


@pytest.fixture
async def jobs(ada, bob):
    """Five of Ada's of which the second has been cancelled, one of another task, and one of Bob's; oldest first."""
    mine = [(await add.using(owner=ada.user).aenqueue(number)).id for number in range(5)]
    await note.using(owner=ada.user).aenqueue()
    await add.using(owner=bob.user).aenqueue(1)
    await sync_to_async(cancel)(mine[1])
    return mine


async def ready():
    return await Job.objects.filter(status="ready").acount()


async def test_a_dry_run_says_what_an_action_does_and_does_nothing(ada, jobs, monkeypatch):
    monkeypatch.setattr(actions, "MAX_BATCH", 2)
    asked = {"action": "cancel", "filter": {"task": add.public_name}}
    rehearsed = (await ada.post(PATH, {**asked, "dry_run": True})).json()
    assert (await ready(), await AuditRecord.objects.acount()) == (6, 1)
    answer = await ada.post(PATH, asked)
    assert answer.json() == {**rehearsed, "dry_run": False}
    assert (rehearsed["done"], rehearsed["refused"], rehearsed["next"]) == (4, 1, None)
    items = rehearsed["items"]
    assert [item["id"] for item in items] == list(reversed(jobs))
    assert (items[0]["outcome"], "has ended as cancelled" in items[3]["refused"]) == ("cancelled", True)
    assert (await ready(), await AuditRecord.objects.filter(by="ada").acount()) == (2, 4)


async def test_so_many_are_done_and_no_more_and_the_rest_with_the_cursor(ada, jobs):
    asked = {"action": "prioritize", "priority": 9, "filter": {"task": add.public_name, "status": ["ready"]}}
    first = (await ada.post(PATH, {**asked, "max": 3})).json()
    assert [item["id"] for item in first["items"]] == [jobs[4], jobs[3], jobs[2]]
    rest = (await ada.post(PATH, {**asked, "cursor": first["next"]})).json()
    assert ([item["outcome"] for item in rest["items"]], rest["next"]) == (["priority 0 → 9"], None)


async def test_an_action_that_the_database_breaks_off_says_what_it_did_and_where_to_go_on(
    ada, jobs, monkeypatch
):
    monkeypatch.setattr(actions, "MAX_BATCH", 2)
    asked = {"action": "cancel", "filter": {"task": add.public_name}}
    calls = 0

    async def break_off(*args):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OperationalError("the connection is lost")
        return await aact_on_many(*args)

    monkeypatch.setattr(actions, "aact_on_many", break_off)
    first = (await ada.post(PATH, asked)).json()
    assert [item["id"] for item in first["items"]] == [jobs[4], jobs[3]]
    rest = (await ada.post(PATH, {**asked, "cursor": first["next"]})).json()
    assert [item["id"] for item in rest["items"]] == [jobs[2], jobs[1], jobs[0]]
    calls = 1
    assert (await ada.post(PATH, asked)).status_code == 503, "nothing was done"


@pytest.mark.parametrize(
    "change, status",
    [
        ({}, 200),
        ({"max": 10_000}, 200),
        ({"max": 10_001}, 422),
        ({"max": 0}, 422),
        ({"filter": {"stauts": ["ready"]}}, 422),
        ({"filter": None}, 422),
        ({"action": "delete"}, 422),
        ({"priority": 101}, 422),
    ],
)
async def test_what_does_not_fit_is_refused(ada, change, status):
    answer = await ada.post(PATH, {"action": "promote", "filter": {}, **change})
    assert answer.status_code == status, answer.text


async def test_cancelling_many_needs_the_scope_of_cancelling_one(ada, jobs):
    _, token = await sync_to_async(ApiToken.issue)(owner=ada.user, name="w", scopes=[Scope.WRITE])
    answer = await Caller(None, token=token).post(PATH, {"action": "cancel", "filter": {}})
    assert (answer.status_code, await ready()) == (403, 6)
