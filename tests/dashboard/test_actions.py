"""The buttons of a job's card."""

import re
from uuid import UUID

import pytest
from django.test import AsyncClient

from jobs.models import AuditRecord, Job
from jobs.status import Status
from jobs.tasks.text import stream
from tests.sample_tasks import add

#: No job has this id.
ABSENT = UUID(int=7)


async def job_of(visitor, status=Status.READY, **fields):
    result = await add.using(owner=visitor.user).aenqueue(a=1)
    await Job.objects.filter(id=result.id).aupdate(status=status, **fields)
    return await Job.objects.aget(id=result.id)


async def card_of(visitor, job, form="brief"):
    return (await visitor.get(f"/jobs/{job.id}/card", **{"as": form})).content.decode()


@pytest.mark.parametrize("action", ["cancellation", "retries"])
async def test_only_who_may_see_a_job_can_act_on_it_and_only_by_post(ada, eve, action):
    job = await job_of(ada, Status.READY if action == "cancellation" else Status.FAILED)
    path = f"/jobs/{job.id}/{action}"
    assert (await AsyncClient().post(path)).url == f"/login/?next={path}"
    assert (await eve.client.post(path)).status_code == 404
    assert (await ada.client.post(f"/jobs/{ABSENT}/{action}")).status_code == 404
    assert (await ada.get(path)).status_code == 405
    assert (await Job.objects.aget(id=job.id)).seq == job.seq
    assert not await AuditRecord.objects.aexists()


async def test_a_button_needs_the_token_of_its_form(ada):
    job = await job_of(ada)
    browser = AsyncClient(enforce_csrf_checks=True)
    await browser.aforce_login(ada.user)
    card = (await browser.get(f"/jobs/{job.id}/card")).content.decode()
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', card)
    path = f"/jobs/{job.id}/cancellation"
    assert (await browser.post(path)).status_code == 403
    assert (await browser.post(path, {"csrfmiddlewaretoken": token})).status_code == 303
    assert (await Job.objects.aget(id=job.id)).status == Status.CANCELLED


@pytest.mark.parametrize(
    "status, asked, words",
    [
        (Status.READY, None, "Cancel"),
        (Status.RUNNING, None, "Cancel"),
        (Status.FAILED, None, "Try again"),
        (Status.CANCELLED, None, "Try again"),
        (Status.SUCCESSFUL, None, None),
        (Status.RUNNING, "2026-01-01T00:00:00Z", None),
    ],
)
async def test_a_card_offers_what_can_be_done_now(ada, status, asked, words):
    job = await job_of(ada, status, cancel_requested_at=asked)
    card = await card_of(ada, job)
    assert re.findall(r"<button[^>]*>([^<]+)</button>", card) == ([words] if words else [])
    assert ("Asked to end" in card) == (asked is not None)


async def test_what_a_button_does_is_in_the_audit_and_leads_back(ada):
    job = await job_of(ada)
    home = await ada.client.post(f"/jobs/{job.id}/cancellation?as=brief")
    alone = await ada.client.post(f"/jobs/{job.id}/retries?as=alone")
    assert (home.status_code, home.url) == (303, f"/?job={job.id}#job-{job.id}")
    assert (alone.status_code, alone.url) == (303, f"/jobs/{job.id}")
    assert (await Job.objects.aget(id=job.id)).status == Status.READY
    found = [
        (record.action, record.via, record.by, record.address)
        async for record in AuditRecord.objects.order_by("id")
    ]
    assert found == [("cancel", "session", "ada", "127.0.0.1"), ("retry", "session", "ada", "127.0.0.1")]


async def test_what_comes_too_late_is_told_why_nothing_was_done(ada):
    job = await job_of(ada, Status.SUCCESSFUL)
    answer = await ada.client.post(f"/jobs/{job.id}/cancellation")
    assert answer.status_code == 409
    assert "has ended as successful; only one that waits or runs can be cancelled" in answer.content.decode()


async def test_the_card_in_view_shows_what_a_streaming_task_puts_out(ada):
    result = await stream.using(owner=ada.user).aenqueue(text="one two")
    job = await Job.objects.aget(id=result.id)
    for status, form, is_there in (
        (Status.RUNNING, "open", True),
        (Status.RUNNING, "brief", False),
        (Status.RUNNING, "alone", False),  # its page has a place for it
        (Status.SUCCESSFUL, "open", False),  # which shows it as the result
    ):
        await Job.objects.filter(id=job.id).aupdate(status=status)
        assert ("<job-stream" in await card_of(ada, job, form)) == is_there
