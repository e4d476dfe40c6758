"""Cancelling and retrying jobs over HTTP."""

import pytest
from asgiref.sync import sync_to_async

from jobs.lifecycle.start import start
from jobs.models import Job
from tests.sample_tasks import add


@pytest.fixture
def here(job_of_ada):
    return f"/api/v1/jobs/{job_of_ada.id}"


async def test_a_job_that_waits_is_cancelled_when_the_answer_comes(ada, here, job_of_ada):
    answer = await ada.post(f"{here}/cancellation", {})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json() == (await ada.get(here)).json()
    assert (await sync_to_async(start)([str(job_of_ada.id)], "w1")).jobs == []


async def test_a_job_that_runs_is_asked_to_end_as_often_as_one_likes(ada, here, job_of_ada):
    await sync_to_async(start)([str(job_of_ada.id)], "w1")
    for _ in range(2):
        answer = await ada.post(f"{here}/cancellation", {})
        assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert (await Job.objects.aget(id=job_of_ada.id)).cancel_requested_at is not None


async def test_an_ended_job_can_be_retried_and_not_cancelled_and_one_that_waits_the_other_way_round(
    ada, here, job_of_ada
):
    refused = await ada.post(f"{here}/retries", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "/docs/problems#not-ended")
    await ada.post(f"{here}/cancellation", {})
    refused = await ada.post(f"{here}/cancellation", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "/docs/problems#already-ended")
    assert "has ended as cancelled" in refused.json()["detail"]
    retried = await ada.post(f"{here}/retries", {})
    assert (retried.status_code, retried.headers["Location"]) == (202, here)
    assert (retried.json()["status"], retried.json()["seq"]) == ("ready", 3)


async def test_a_retry_is_refused_while_a_newer_job_has_its_unique_key(ada, here, job_of_ada):
    unique = add.using(owner=ada.user, unique_key="k")
    older = await unique.aenqueue(1)
    await ada.post(f"/api/v1/jobs/{older.id}/cancellation", {})
    newer = await unique.aenqueue(1)
    refused = await ada.post(f"/api/v1/jobs/{older.id}/retries", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "/docs/problems#unique-key-held")
    assert newer.id in refused.json()["detail"]


async def test_a_browser_needs_the_csrf_token(browser, here):
    del browser.client.cookies["csrftoken"]
    assert (await browser.post(f"{here}/cancellation", {})).status_code == 403


async def test_the_traceback_is_for_staff_only(ada, staff, here, job_of_ada):
    await Job.objects.filter(id=job_of_ada.id).aupdate(
        status="failed",
        errors=[
            {
                "attempt": 1,
                "exception_class_path": "ValueError",
                "message": "no",
                "traceback": "secret lines",
                "worker_id": "w1",
                "at": "2026-01-01T00:00:00Z",
            }
        ],
    )
    assert "secret lines" in (await staff.post(f"{here}/retries", {})).text
    await ada.post(f"{here}/cancellation", {})
    assert "secret lines" not in (await ada.post(f"{here}/retries", {})).text
