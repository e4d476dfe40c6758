"""What staff do and see over HTTP: queues, workers, the audit; and the verbs that change a job."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from jobs.broker import counts
from jobs.lifecycle import prune
from jobs.lifecycle.start import start
from jobs.models import AuditRecord, Job
from tests.planted import MARK, Secret
from tests.sample_tasks import add
from tests.secret_tasks import sign_in

QUEUES = "/api/v1/queues"
TOMORROW = timedelta(days=1)


@pytest.fixture
def here(job_of_ada):
    return f"/api/v1/jobs/{job_of_ada.id}"


async def paused_since(staff):
    queues = (await staff.get(QUEUES)).json()["queues"]
    return next(queue["paused_at"] for queue in queues if queue["name"] == "email")


async def test_a_queue_is_paused_and_resumed_as_often_as_one_likes(staff):
    answers = [await staff.request("PUT", f"{QUEUES}/email/pause") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (
        answers[0].json() == answers[1].json() == {"queue": "email", "paused_at": await paused_since(staff)}
    )
    for _ in range(2):
        assert (await staff.request("DELETE", f"{QUEUES}/email/pause")).status_code == 204
    assert await paused_since(staff) is None
    unknown = await staff.request("PUT", f"{QUEUES}/nope/pause")
    assert (unknown.status_code, "expected one of: default" in unknown.json()["detail"]) == (404, True)


async def test_while_redis_is_away_nobody_can_say_how_queues_are(ada, monkeypatch):
    async def away(*_):
        raise ConnectionError("away")

    monkeypatch.setattr(counts, "_count", away)
    answer = await ada.get(QUEUES)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Redis" in answer.json()["detail"]


async def test_a_deferred_job_is_promoted_and_gets_another_priority_and_its_etag_changes(ada):
    result = await add.using(owner=ada.user, run_after=timezone.now() + TOMORROW).aenqueue(1)
    here = f"/api/v1/jobs/{result.id}"
    etag = (await ada.get(here)).headers["ETag"]
    changed = await ada.request("PATCH", here, json={"priority": 100})
    assert (changed.status_code, changed.json()["priority"]) == (200, 100)
    assert (await ada.get(here, If_None_Match=etag)).status_code == 200
    promoted = await ada.post(f"{here}/promotion", {})
    assert (promoted.json()["status"], promoted.json()["run_after"]) == ("ready", None)


@pytest.mark.parametrize("priority, status", [(100, 200), (101, 422), (-100, 200), (-101, 422), (None, 422)])
async def test_a_priority_lies_within_its_limits(ada, here, priority, status):
    assert (await ada.request("PATCH", here, json={"priority": priority})).status_code == status


async def test_a_job_that_runs_can_be_neither_promoted_nor_prioritized(ada, here, job_of_ada):
    await sync_to_async(start)([str(job_of_ada.id)], "w1")
    for answer in (
        await ada.post(f"{here}/promotion", {}),
        await ada.request("PATCH", here, json={"priority": 1}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/docs/problems#not-waiting")


async def test_a_job_is_retried_with_other_arguments_that_are_checked_as_a_submission_is(ada, here):
    await ada.post(f"{here}/cancellation", {})
    refused = await ada.post(f"{here}/retries", {"args": {"a": "x", "c": 1}})
    assert (refused.status_code, refused.json()["type"]) == (422, "/docs/problems#invalid-arguments")
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/args/a", "/args/c"}
    retried = await ada.post(f"{here}/retries", {"args": {"a": 5, "b": 6}})
    assert (retried.status_code, retried.json()["args"]) == (202, {"a": 5, "b": 6})


async def test_the_audit_says_who_did_what_from_where_and_no_secrets(ada, staff, here, job_of_ada):
    secret = await sign_in.using(owner=ada.user).aenqueue(user="ada", password=Secret.ARGUMENT)
    for path, body in (
        ("cancellation", {}),
        ("retries", {"args": {"user": "ada", "password": Secret.EDITED_ARGUMENT}}),
    ):
        assert (await ada.post(f"/api/v1/jobs/{secret.id}/{path}", body)).is_success
    await ada.post(f"{here}/cancellation", {})
    await staff.request("PUT", f"{QUEUES}/email/pause")
    answer = await staff.get("/api/v1/audit?limit=3")
    assert MARK not in answer.text
    page = answer.json()
    assert [(record["action"], record["by"], record["outcome"]) for record in page["records"]] == [
        ("pause", "grace", ""),
        ("cancel", "ada", "cancelled"),
        ("retry", "ada", "retried by hand with other arguments"),
    ]
    newest = page["records"][0]
    assert (newest["via"], newest["token"]["name"], newest["address"]) == ("token", "tests", "127.0.0.1")
    assert (newest["queue"], newest["job_id"], newest["user"]) == ("email", None, staff.user.pk)
    rest = (await staff.get(page["next"])).json()
    assert ([record["action"] for record in rest["records"]], rest["next"]) == (["cancel"], None)
    for query, number in ((f"job={job_of_ada.id}", 1), (f"user={ada.user.pk}", 3), ("user=9999", 0)):
        assert len((await staff.get(f"/api/v1/audit?{query}")).json()["records"]) == number


def test_the_audit_is_kept_for_so_long_and_no_longer(transactional_db):
    now = timezone.now()
    kept = AuditRecord.objects.create(id=uuid_at(now - prune.KEEP_AUDIT), at=now, action="cancel", via="code")
    millisecond = timedelta(milliseconds=1)
    AuditRecord.objects.create(
        id=uuid_at(now - prune.KEEP_AUDIT - millisecond), at=now, action="cancel", via="code"
    )
    list(prune.batches(now))
    assert AuditRecord.objects.get() == kept
    assert not Job.objects.exists()


def uuid_at(moment):
    return prune.first_id_at(moment)
