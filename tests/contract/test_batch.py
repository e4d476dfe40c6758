"""Many jobs in one call, on both stores."""

import asyncio
import json
import tracemalloc

import pytest
from django.contrib.auth.models import User

from jobs.api.items import items
from jobs.api.problems import Problem
from jobs.api.schemas.batch import BatchOut
from jobs.broker import ready
from jobs.lifecycle import insert as inserting
from jobs.models import Event, Job
from tests.api.conftest import Caller
from tests.sample_tasks import add

ADD = add.public_name
PATH = "/api/v1/jobs/batch"
NDJSON = "application/x-ndjson"


@pytest.fixture
def ada(store):
    return Caller(User.objects.create_user("ada"))


def call(a, **more):
    return {"task": ADD, "args": {"a": a}, **more}


def lines(items):
    return b"\n".join(json.dumps(item).encode() for item in items) + b"\n\n"


def kind(answer):
    return answer.status_code, answer.json()["type"].partition("#")[2]


@pytest.mark.parametrize("as_lines", [True, False])
async def test_a_batch_is_stored_and_pushed_and_its_ids_answered_by_index(ada, as_lines):
    items = [call(number, tags=[str(number)], priority=number % 3) for number in range(1200)]
    sent = ada.post(PATH, lines(items), content_type=NDJSON) if as_lines else ada.post(PATH, items)
    answer = await sent
    assert answer.status_code == 202, answer.text
    made = BatchOut.model_validate(answer.json()).jobs
    assert [job.index for job in made] == list(range(1200))
    stored = {str(job.id): job async for job in Job.objects.all()}
    assert [stored[job.id].kwargs["a"] for job in made] == list(range(1200))
    assert await Event.objects.acount() == 1200
    assert (await ada.get(made[7].links.self)).json()["tags"] == ["7"]
    assert await ready.unknown("default", [job.id for job in made]) == []
    assert answer.headers["RateLimit"].startswith('"submissions";r=18')


async def test_of_a_batch_with_a_misfit_nothing_is_stored_and_each_is_pointed_at(ada):
    items = [call(1), call("x"), {"task": "no.such"}, call(1, queue="mial"), [], call(1, tags="x")]
    items += [{"task": "sample.typed", "args": {"rows": 1, "source": "nobody's"}}, call(["y" * 70_000])]
    answer = await ada.post(PATH, lines(items) + b"{\n", content_type=NDJSON)
    assert kind(answer) == (422, "invalid-batch")
    assert [(each["pointer"], each["type"].partition("#")[2]) for each in answer.json()["errors"]] == [
        ("/1/args/a", "invalid-arguments"),
        ("/2/task", "unknown-task"),
        ("/3/queue", "unknown-queue"),
        ("/4", "invalid-request"),
        ("/5/tags", "invalid-request"),
        ("/6/args/source", "invalid-arguments"),
        ("/7", "arguments-too-large"),
        ("/8", "malformed"),
    ]
    assert "8 of 9 jobs do not fit" in answer.json()["detail"]
    assert not await Job.objects.aexists()


async def test_a_lenient_batch_stores_what_fits(ada):
    answer = await ada.post(PATH, [call(1), call("x"), call(3)], prefer="respond-async, Handling=lenient")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "handling=lenient")
    made = answer.json()
    assert [job["index"] for job in made["jobs"]] == [0, 2]
    assert [error["pointer"] for error in made["errors"]] == ["/1/args/a"]
    assert await Job.objects.acount() == 2
    none = await ada.post(PATH, [call("x")], prefer="handling=lenient")
    assert kind(none) == (422, "invalid-batch")


async def test_of_each_job_a_few_misfits_are_told(ada):
    """Or a body of some megabytes would be answered with many more."""
    wrong = {"task": ADD, "args": {str(number): 0 for number in range(1000)}}
    strict = await ada.post(PATH, [wrong] * 11)
    assert [each["pointer"][:3] for each in strict.json()["errors"]] == [f"/{n // 5}/" for n in range(50)]
    lenient = await ada.post(PATH, [call(1), *[wrong] * 11], prefer="handling=lenient")
    assert len(lenient.json()["errors"]) == 5 * 11


@pytest.mark.parametrize("bytes_over, refusal", [(0, "invalid-request"), (1, "body-too-large")])
async def test_a_job_of_a_batch_may_be_as_large_as_one_alone(ada, bytes_over, refusal):
    job = json.dumps({**call(1), "tags": "x"}).encode().ljust(1024 * 1024 + bytes_over)
    answer = await ada.post(PATH, job, content_type=NDJSON)
    assert [each["type"].partition("#")[2] for each in answer.json()["errors"]] == [refusal]


async def test_a_batch_that_the_store_refuses_leaves_nothing(ada, monkeypatch):
    store = inserting.sql.store

    def second_fails(jobs, events):
        if jobs[0].kwargs["a"] >= 1000:
            raise ConnectionError("cut off")
        store(jobs, events)

    monkeypatch.setattr(inserting.sql, "store", second_fails)
    assert (await ada.post(PATH, [call(number) for number in range(1001)])).status_code == 500
    assert not await Job.objects.aexists()


async def test_a_batch_that_is_sent_again_is_stored_once(ada):
    body, key = [call(number) for number in range(20)], {"idempotency_key": '"once"'}
    answers = await asyncio.gather(*(ada.post(PATH, body, **key) for _ in range(5)))
    accepted = {answer.content for answer in answers if answer.status_code == 202}
    assert len(accepted) == 1
    again = await ada.post(PATH, body, **key)
    assert {again.content} == accepted
    assert await Job.objects.acount() == 20
    assert kind(await ada.post(PATH, body, prefer="handling=lenient", **key)) == (422, "key-reused")
    assert kind(await ada.post("/api/v1/jobs", body[0], **key)) == (422, "key-reused")


async def test_a_batch_has_a_limit_of_jobs_and_costs_as_many_as_it_has(ada, settings):
    backend = settings.TASKS["default"]
    limits = {"max_batch_jobs": 3, "submission_burst": 4, "submissions_per_second": 0.01}
    settings.TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], **limits}}}
    four = await ada.post(PATH, lines([call(1)] * 4), content_type=NDJSON)
    assert (kind(four), four.json()["max_jobs"]) == ((413, "batch-too-large"), 3)
    assert (await ada.post(PATH, [call(1)] * 3)).headers["RateLimit"] == '"submissions";r=1;t=300'
    assert kind(await ada.post(PATH, [call(1)] * 2)) == (429, "rate-limited")
    assert await Job.objects.acount() == 3


def test_an_array_of_millions_is_not_kept():
    body = b"[" + b"1," * 1_000_000 + b"1]"
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match="A batch may have 10000 jobs"):
            list(items(body, "application/json"))
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body, content_type, refusal",
    [
        (b"[]", "application/json", (422, "invalid-request")),
        (b"\n \n", NDJSON, (422, "invalid-request")),
        (b'{"jobs": []}', "application/json", (400, "malformed")),
        (b"[{}", "application/json", (400, "malformed")),
        (b"[" * 100_000, "application/json", (400, "malformed")),
        (b"[]", "text/csv", (415, "unsupported-media-type")),
    ],
)
async def test_what_is_no_batch_is_refused(ada, body, content_type, refusal):
    assert kind(await ada.post(PATH, body, content_type=content_type)) == refusal
