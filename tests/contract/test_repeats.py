"""A submission that is sent again is not done again, on both stores."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.broker import keys
from jobs.lifecycle import insert as inserting
from jobs.lifecycle import once, prune
from jobs.models import IdempotencyKey, Job
from tests.api.conftest import Caller
from tests.claims import claim
from tests.planted import Secret
from tests.sample_tasks import add

ADD = add.public_name
PATH = "/api/v1/jobs"
BODY = {"task": ADD, "args": {"a": 1}}
KEY = f'"{Secret.IDEMPOTENCY_KEY}"'


@pytest.fixture
def ada(store):
    return Caller(User.objects.create_user("ada"))


@pytest.fixture
def bob(store):
    return Caller(User.objects.create_user("bob"))


def kind(answer):
    return answer.status_code, answer.json()["type"].partition("#")[2]


async def test_fifty_that_race_with_one_key_make_one_job(ada):
    answers = await asyncio.gather(*(ada.post(PATH, BODY, idempotency_key=KEY) for _ in range(50)))
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert accepted
    assert {kind(answer) for answer in answers if answer not in accepted} <= {(409, "in-progress")}
    job = await Job.objects.aget()
    assert {answer.json()["id"] for answer in accepted} == {str(job.id)}
    assert {lease.job_id for lease in (await claim("default", "w", 100)).leases} == {str(job.id)}


async def test_a_race_while_redis_is_away_makes_one_job_too(ada, settings):
    tasks = settings.TASKS["default"]
    options = {**tasks["OPTIONS"], "redis_url": "unix:///nowhere/valkey.sock"}
    settings.TASKS = {"default": {**tasks, "OPTIONS": options}}
    answers = await asyncio.gather(*(ada.post(PATH, BODY, idempotency_key=KEY) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert await Job.objects.acount() == 1


async def test_a_repeat_gets_the_first_answer_whatever_became_of_the_job(ada):
    first = await ada.post(PATH, BODY, idempotency_key=KEY)
    await Job.objects.aupdate(status="successful", return_value=3, finished_at=timezone.now())
    again = await ada.post(PATH, BODY, idempotency_key=KEY.strip('"'))
    assert (again.status_code, again.headers["Location"]) == (202, first.headers["Location"])
    assert again.content == first.content


async def test_a_key_with_another_body_is_refused(ada):
    await ada.post(PATH, BODY, idempotency_key=KEY)
    answer = await ada.post(PATH, {"task": ADD, "args": {"a": 2}}, idempotency_key=KEY)
    assert kind(answer) == (422, "key-reused")
    assert await Job.objects.acount() == 1


async def test_while_the_first_is_being_stored_a_repeat_is_told_to_wait(ada, redis_sync, monkeypatch):
    reached, go_on = asyncio.Event(), asyncio.Event()
    enqueue = once.awrite_then_tell

    async def held_up(*args):
        reached.set()
        await go_on.wait()
        return await enqueue(*args)

    monkeypatch.setattr(once, "awrite_then_tell", held_up)
    first = asyncio.create_task(ada.post(PATH, BODY, idempotency_key=KEY))
    await asyncio.wait_for(reached.wait(), 5)
    meanwhile = await ada.post(PATH, BODY, idempotency_key=KEY)
    assert kind(meanwhile) == (409, "in-progress")
    assert meanwhile.headers["Retry-After"] == "1"
    go_on.set()
    assert (await first).status_code == 202
    assert (await ada.post(PATH, BODY, idempotency_key=KEY)).json() == (await first).json()
    assert not redis_sync.keys(keys.alone("*"))


async def test_two_owners_may_use_the_same_key(ada, bob):
    answers = [await caller.post(PATH, BODY, idempotency_key=KEY) for caller in (ada, bob)]
    assert len({answer.json()["id"] for answer in answers}) == 2


async def test_what_was_refused_may_be_sent_again_corrected(ada):
    refused = await ada.post(PATH, {"task": ADD, "args": {}}, idempotency_key=KEY)
    assert refused.status_code == 422
    assert (await ada.post(PATH, BODY, idempotency_key=KEY)).status_code == 202


async def test_key_and_job_are_stored_together_or_not_at_all(ada, monkeypatch):
    def fail(*_):
        raise ConnectionError("cut off")

    monkeypatch.setattr(inserting.sql, "store", fail)
    assert (await ada.post(PATH, BODY, idempotency_key=KEY)).status_code == 500
    assert not await IdempotencyKey.objects.aexists()
    monkeypatch.undo()
    assert (await ada.post(PATH, BODY, idempotency_key=KEY)).status_code == 202


async def test_a_key_holds_for_a_day_and_is_pruned_then(ada):
    first = (await ada.post(PATH, BODY, idempotency_key=KEY)).json()["id"]
    almost = timezone.now() - timedelta(hours=23, minutes=59)
    await IdempotencyKey.objects.aupdate(created_at=almost)
    assert (await ada.post(PATH, BODY, idempotency_key=KEY)).json()["id"] == first
    await IdempotencyKey.objects.aupdate(created_at=timezone.now() - timedelta(hours=24))
    second = (await ada.post(PATH, BODY, idempotency_key=KEY)).json()["id"]
    assert second != first
    await sync_to_async(prune_all)(timezone.now())
    assert await IdempotencyKey.objects.acount() == 1
    await sync_to_async(prune_all)(timezone.now() + timedelta(hours=24))
    assert await IdempotencyKey.objects.acount() == 0


def prune_all(now):
    return list(prune.batches(now))
