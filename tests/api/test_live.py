"""The live stream over HTTP: server-sent events, and answers that wait until there is more to say."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone

from jobs.api import jobs, sse, waiting
from jobs.errors import JobNotFound
from jobs.lifecycle.finish import finish
from jobs.lifecycle.retry import aretry
from jobs.lifecycle.start import start
from jobs.live import hub
from jobs.live.listener import Listener
from jobs.models import ApiToken, Job
from tests.consumers.steps import do, success, until

STREAM = {"accept": "text/event-stream"}
TASK = "sample.anything"


async def submitted(caller, **headers):
    return await caller.post("/api/v1/jobs", {"task": TASK, "args": {"value": 1}}, **headers)


@pytest.fixture
async def job(ada):
    return (await submitted(ada)).json()


async def run(job_id, when=lambda: True):
    """Once somebody listens, or whatever else is waited for."""
    await until(when)
    await do(start, [job_id], "w1")
    await do(finish, [await success(await Job.objects.aget(id=job_id))])


def listened():
    """Whether anybody is up to date."""
    watches = [watch for one in hub.hub().listeners for watch in one._watches.values()]
    return bool(watches) and all(watch.is_live for watch in watches)


def messages(answer):
    """(id, event, data) of each event of a stream that has ended."""
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return found


async def test_a_stream_tells_every_event_as_it_happens_and_ends_with_the_job(ada, job):
    running = asyncio.create_task(run(job["id"], listened))
    answer = await ada.get(job["links"]["events"], **STREAM)
    await running
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith(f"retry: {sse.RETRY_MS}\n\n")
    assert [(id_, event) for id_, event, _ in messages(answer)] == [
        ("1", "snapshot"),
        ("2", "event"),
        ("3", "event"),
    ]
    assert messages(answer)[-1][2]["data"]["status"] == "successful"


async def test_a_stream_goes_on_where_it_broke_off(ada, job):
    await run(job["id"])
    for headers, query in (
        ({"last_event_id": "1"}, ""),
        (STREAM, "?after=1"),
        ({**STREAM, "last_event_id": "1"}, "?after=0"),
    ):
        answer = await ada.get(job["links"]["events"] + query, **headers)
        assert [id_ for id_, _, _ in messages(answer)] == ["2", "3"]
    everything = await ada.get(job["links"]["events"], **STREAM, last_event_id="3")
    assert everything.status_code == 204, "which tells a browser not to come back"
    ahead = await ada.get(job["links"]["events"], **STREAM, last_event_id="9")
    assert [(id_, event) for id_, event, _ in messages(ahead)] == [("3", "reset")]


async def test_a_stream_does_not_end_with_a_former_end(ada, job):
    await run(job["id"])
    await aretry(UUID(job["id"]))
    running = asyncio.create_task(run(job["id"], listened))
    answer = await ada.get(job["links"]["events"] + "?after=0", **STREAM)
    await running
    assert [id_ for id_, _, _ in messages(answer)] == ["1", "2", "3", "4", "5", "6"]


async def test_a_silent_stream_says_that_it_lives(ada, job, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.02)
    next_within, silence = Listener.next_within, asyncio.Event()

    async def noting(listener, seconds):
        message = await next_within(listener, seconds)
        if message is None:
            silence.set()
        return message

    monkeypatch.setattr(Listener, "next_within", noting)
    streaming = asyncio.create_task(ada.get(job["links"]["events"], **STREAM))
    async with asyncio.timeout(10):
        await silence.wait()
    await run(job["id"])
    answer = await streaming
    assert ":\n\n" in answer.text
    assert len(messages(answer)) == 3


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "", str(2**31), "9" * 5000])
async def test_a_wrong_last_event_id_is_refused(ada, job, given):
    answer = await ada.get(job["links"]["events"], last_event_id=given)
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs/problems#invalid-request")


async def test_the_head_of_a_stream_comes_without_waiting_for_the_job(ada, job):
    async with asyncio.timeout(5):
        answer = await ada.request("HEAD", job["links"]["events"], headers=STREAM)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert not hub.hub().listeners


async def test_a_stream_ends_with_what_it_was_asked_for_by(ada, job, monkeypatch):
    monkeypatch.setattr(hub, "ACCESS_CHECK_SECONDS", 0.05)
    for query in ("", "?after=1"):
        streaming = asyncio.create_task(ada.get(job["links"]["events"] + query, **STREAM))
        await until(listened)
        await ApiToken.objects.aupdate(revoked_at=timezone.now())
        assert (await streaming).status_code == 200
        assert (await ada.get(job["links"]["events"], **STREAM)).status_code == 401
        await ApiToken.objects.aupdate(revoked_at=None)


async def test_who_has_too_many_streams_is_told_so_and_does_not_wait(ada, job, monkeypatch):
    monkeypatch.setattr(hub, "MAX_LISTENERS", 1)
    streaming = asyncio.create_task(ada.get(job["links"]["events"], **STREAM))
    await until(listened)
    [(id_, event, data)] = messages(await ada.get(job["links"]["events"], **STREAM))
    assert (id_, event, data["code"]) == (None, "refused", "too_many")
    async with asyncio.timeout(5):
        waited = await ada.get(job["links"]["self"], prefer="wait=30")
    assert (waited.status_code, waited.json()["status"]) == (200, "ready")
    await run(job["id"])
    assert len(messages(await streaming)) == 3


async def test_another_s_stream_does_not_exist(bob, ada, job):
    for path in (job["links"]["events"], f"/api/v1/jobs/{uuid4()}/events"):
        assert (await bob.get(path, **STREAM)).status_code == 404


async def test_a_submission_that_waits_answers_with_the_result(ada):
    async def run_next():
        await until(listened)
        await run(str((await Job.objects.aget()).id))

    running = asyncio.create_task(run_next())
    answer = await submitted(ada, prefer="wait=10")
    await running
    assert (answer.status_code, answer.json()["status"]) == (200, "successful")
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert "Prefer" in answer.headers["Vary"]
    assert answer.headers["Location"] == answer.json()["links"]["self"]


async def test_a_submission_waits_no_longer_than_asked_and_than_it_may(ada, monkeypatch):
    monkeypatch.setattr(waiting, "MAX_WAIT_SECONDS", 0)
    for prefer in ("wait=1000", f"wait={'9' * 5000}", 'respond-async, Wait="1"; x=y'):
        answer = await submitted(ada, prefer=prefer)
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0")
    for prefer in ("wait=x", "wait=", "handling=lenient", "wait=-1", 'other="a, wait=1"'):
        answer = await submitted(ada, prefer=prefer)
        assert (answer.status_code, answer.headers.get("Preference-Applied")) == (202, None)
    assert not hub.hub().listeners


@pytest.mark.parametrize("ends", [True, False])
async def test_a_poll_waits_for_a_change_or_for_the_end(ada, job, ends):
    known = await ada.get(job["links"]["self"])
    headers = {} if ends else {"if_none_match": known.headers["ETag"]}
    polling = asyncio.create_task(ada.get(job["links"]["self"], prefer="wait=10", **headers))
    await until(listened)
    await do(start, [job["id"]], "w1")
    if ends:
        await do(finish, [await success(await Job.objects.aget(id=job["id"]))])
    answer = await polling
    assert (answer.status_code, answer.json()["status"]) == (200, "successful" if ends else "running")
    assert answer.headers["Preference-Applied"] == "wait=10"


@pytest.mark.parametrize("trouble", [OperationalError, JobNotFound])
async def test_a_stored_job_is_accepted_though_its_end_can_t_be_looked_at(ada, monkeypatch, trouble):
    async def fails(*_):
        raise trouble

    monkeypatch.setattr(jobs, "has_ended", fails)
    answer = await submitted(ada, prefer="wait=10")
    assert (answer.status_code, answer.json()["status"]) == (202, "ready")
    assert await Job.objects.acount() == 1


async def test_a_poll_that_nothing_changed_for_says_so(ada, job, monkeypatch):
    monkeypatch.setattr(waiting, "MAX_WAIT_SECONDS", 0.05)
    tag = (await ada.get(job["links"]["self"])).headers["ETag"]
    answer = await ada.get(job["links"]["self"], prefer="wait=9", if_none_match=tag)
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["Preference-Applied"] == "wait=0.05"


async def test_a_cache_tells_a_page_of_events_from_a_stream(ada, job):
    """Whichever it is; there is nothing more to stream of a job that has ended."""
    page = await ada.get(job["links"]["events"])
    await run(job["id"])
    last = str((await ada.get(job["links"]["self"])).json()["seq"])
    stream = await ada.get(job["links"]["events"], **STREAM)
    nothing = await ada.get(job["links"]["events"], last_event_id=last)
    assert [answer.status_code for answer in (page, stream, nothing)] == [200, 200, 204]
    for answer in (page, stream, nothing):
        assert {"Accept", "Last-Event-ID"} <= set(answer.headers["Vary"].split(", "))
        assert answer.headers["Cache-Control"] in {"private, no-cache", "no-store"}
    assert "Content-Type" not in nothing.headers


async def test_events_are_waited_for(ada, job):
    polling = asyncio.create_task(ada.get(job["links"]["events"] + "?after=1", prefer="wait=10"))
    await until(listened)
    await do(start, [job["id"]], "w1")
    answer = await polling
    assert [event["seq"] for event in answer.json()["events"]] == [2]
    assert answer.headers["Preference-Applied"] == "wait=10"


async def test_a_caller_that_hangs_up_leaves_nothing(ada, job):
    for headers in (STREAM, {"prefer": "wait=10"}):
        asking = asyncio.create_task(ada.get(job["links"]["events"] + "?after=1", **headers))
        await until(listened)
        asking.cancel()
        await asyncio.wait({asking})
        await until(lambda: not hub.hub().listeners)


async def test_the_database_away_means_no_waiting(ada, job, monkeypatch):
    def fail(*_):
        raise hub.STORE_ERRORS[0]("away")

    monkeypatch.setattr("jobs.live.reads.job_of", fail)
    assert (await submitted(ada, prefer="wait=10")).status_code == 202, "it is stored all the same"
    assert await sync_to_async(Job.objects.count)() == 2
