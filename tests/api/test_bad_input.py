"""What a caller can get wrong: each a clear sentence and the right status, and nothing is stored."""

import gzip
import json

import pytest

from jobs.api.problems import MEDIA_TYPE
from jobs.api.schemas.problem import ProblemOut
from jobs.models import Job
from tests.sample_tasks import add, note

ADD = add.public_name


async def refused(answer, status, slug):
    """The problem that the answer holds."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, MEDIA_TYPE), answer.content
    problem = ProblemOut.model_validate(answer.json())
    assert (problem.status, problem.type) == (status, f"/docs/problems#{slug}")
    assert not await Job.objects.aexists()
    return answer.json()


def pointers(problem):
    return [error["pointer"] for error in problem["errors"]]


async def test_an_unknown_task_is_answered_with_the_known_ones(ada):
    problem = await refused(await ada.submit("sample.tpyed", {}), 422, "unknown-task")
    assert "sample.typed" in problem["known_tasks"]
    assert "'sample.tpyed'" in problem["detail"]


async def test_a_task_that_is_not_exposed_is_unknown(ada):
    await refused(await ada.submit(note.module_path, {"value": 1}), 422, "unknown-task")


async def test_a_missing_argument_is_pointed_at(ada):
    problem = await refused(await ada.submit(ADD, {"b": 1}), 422, "invalid-arguments")
    assert pointers(problem) == ["/args/a"]


async def test_every_misfit_is_named_at_once(ada):
    args = {"rows": 11, "kind": "txt", "tags": ["x", 5], "colour": "red"}
    problem = await refused(await ada.submit("sample.typed", args), 422, "invalid-arguments")
    assert pointers(problem) == ["/args/rows", "/args/kind", "/args/tags/1", "/args/colour"]
    assert "less than or equal to 10" in problem["errors"][0]["detail"]


@pytest.mark.parametrize("value", ["1", 1.5, True, None, [1]])
async def test_an_argument_of_the_wrong_type_is_not_converted(ada, value):
    problem = await refused(await ada.submit(ADD, {"a": value}), 422, "invalid-arguments")
    assert pointers(problem) == ["/args/a"]


async def test_a_pointer_escapes_what_the_name_of_an_argument_holds(ada):
    problem = await refused(await ada.submit(ADD, {"a": 1, "x/y~z": 2}), 422, "invalid-arguments")
    assert pointers(problem) == ["/args/x~1y~0z"]


async def test_arguments_must_be_an_object(ada):
    problem = await refused(await ada.submit(ADD, [1, 2]), 422, "invalid-request")
    assert pointers(problem) == ["/args"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_a_text_that_no_database_stores_is_refused(ada, text):
    body = json.dumps({"task": "sample.typed", "args": {"rows": 1, "tags": [text]}}).encode()
    answer = await ada.post("/api/v1/jobs", body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert not await Job.objects.aexists()


async def test_an_unknown_member_of_the_body_is_pointed_at(ada):
    problem = await refused(await ada.submit(ADD, {"a": 1}, prioritiy=3), 422, "invalid-request")
    assert pointers(problem) == ["/prioritiy"]


async def test_an_unknown_queue_is_answered_with_the_known_ones(ada):
    problem = await refused(await ada.submit(ADD, {"a": 1}, queue="mial"), 422, "unknown-queue")
    assert pointers(problem) == ["/queue"]
    assert "email" in problem["known_queues"]


async def test_a_whole_number_may_be_written_with_a_point(ada):
    body = f'{{"task": "{ADD}", "args": {{"a": 4.0, "b": 4e1}}, "priority": -5.0}}'.encode()
    job = (await ada.post("/api/v1/jobs", body, content_type="application/json")).json()
    assert (job["args"], job["priority"]) == ({"a": 4, "b": 40}, -5)


@pytest.mark.parametrize("priority", [101, -101, "5", 1.5, True])
async def test_a_priority_is_a_whole_number_within_a_hundred_of_zero(ada, priority):
    problem = await refused(await ada.submit(ADD, {"a": 1}, priority=priority), 422, "invalid-request")
    assert pointers(problem) == ["/priority"]


async def test_a_run_after_may_be_written_in_small_letters(ada):
    job = (await ada.submit(ADD, {"a": 1}, run_after="2031-01-31t08:00:00z")).json()
    assert job["run_after"] == "2031-01-31T08:00:00.000Z"


async def test_a_naive_run_after_is_asked_for_its_time_zone(ada):
    answer = await ada.submit(ADD, {"a": 1}, run_after="2031-01-31T08:00:00")
    problem = await refused(answer, 422, "invalid-request")
    assert "Expected a time zone, e.g. 2031-01-31T08:00:00Z" in problem["errors"][0]["detail"]


@pytest.mark.parametrize("moment", ["tomorrow", 1924934400, "0001-01-01T00:00:00+05:00", "", []])
async def test_a_run_after_that_is_no_time_is_refused(ada, moment):
    problem = await refused(await ada.submit(ADD, {"a": 1}, run_after=moment), 422, "invalid-request")
    assert pointers(problem) == ["/run_after"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"task": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"{'task': 1}",
        b'{"a": 1e999}',
        b'{"task": "\xff"}',
    ],
)
async def test_a_malformed_body_is_a_400(ada, body):
    await refused(await ada.post("/api/v1/jobs", body, content_type="application/json"), 400, "malformed")


@pytest.mark.parametrize(
    "digits, status, slug",
    [(20, 422, "invalid-arguments"), (5000, 400, "malformed")],  # Python reads no more than 4300
)
async def test_a_whole_number_of_more_than_64_bits_is_refused(ada, digits, status, slug):
    body = b'{"task": "sample.anything", "args": {"value": [%s]}}' % (b"9" * digits)
    await refused(await ada.post("/api/v1/jobs", body, content_type="application/json"), status, slug)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5", b"true"])
async def test_a_body_that_is_no_object_is_a_422(ada, body):
    problem = await refused(
        await ada.post("/api/v1/jobs", body, content_type="application/json"), 422, "invalid-request"
    )
    assert pointers(problem) == [""]


@pytest.mark.parametrize("depth", [33, 150, 500, 900])
async def test_arguments_nested_too_deep_are_refused(ada, depth):
    nested = b"[" * depth + b"]" * depth
    body = b'{"task": "sample.anything", "args": {"value": %s}}' % nested
    answer = await ada.post("/api/v1/jobs", body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert not await Job.objects.aexists()


async def test_a_body_of_another_content_type_is_a_415(ada):
    answer = await ada.post("/api/v1/jobs", b"task=x", content_type="application/x-www-form-urlencoded")
    problem = await refused(answer, 415, "unsupported-media-type")
    assert "application/json" in problem["detail"]
    assert answer.headers["Accept"] == "application/json"


@pytest.mark.parametrize("content_type", ["application/json; a*=utf-99''x", "x" * 20_000])
async def test_a_content_type_that_cannot_be_read_is_one_that_nobody_takes(ada, content_type):
    await refused(
        await ada.post("/api/v1/jobs", b"{}", content_type=content_type), 415, "unsupported-media-type"
    )
    assert (await ada.get("/api/v1/jobs", content_type=content_type)).status_code == 200


async def test_a_packed_body_is_a_415_that_says_so(ada):
    body = gzip.compress(json.dumps({"task": ADD, "args": {"a": 1}}).encode())
    answer = await ada.post("/api/v1/jobs", body, content_type="application/json", content_encoding="gzip")
    await refused(answer, 415, "unsupported-media-type")
    assert answer.headers["Accept-Encoding"] == "identity"


async def test_a_body_of_over_a_mebibyte_is_a_413(ada):
    body = json.dumps({"task": ADD, "args": {"a": "x" * 1024 * 1024}}).encode()
    await refused(
        await ada.post("/api/v1/jobs", body, content_type="application/json"), 413, "body-too-large"
    )


async def test_arguments_larger_than_a_job_may_carry_are_a_413(ada):
    answer = await ada.submit("sample.typed", {"rows": 1, "tags": ["x" * 64 * 1024]})
    problem = await refused(answer, 413, "arguments-too-large")
    assert "Upload large data as a file" in problem["detail"]


async def test_an_answer_that_is_not_json_is_refused(ada):
    problem = await refused(await ada.get("/api/v1/jobs", accept="text/csv"), 406, "not-acceptable")
    assert "text/csv" in problem["detail"]


@pytest.mark.parametrize("accept", ["application/json; charset=utf-8", "application/*;q=0.1", "*/*"])
async def test_whoever_takes_json_gets_it(ada, accept):
    assert (await ada.get("/api/v1/jobs", accept=accept)).status_code == 200


async def test_an_unknown_address_is_a_404(ada):
    await refused(await ada.get("/api/v1/jbos"), 404, "not-found")
    await refused(await ada.get("/api/v2/jobs"), 404, "not-found")
    await refused(await ada.get("/api/v1/jobs/not-an-id"), 404, "not-found")


async def test_a_wrong_method_is_a_405_that_lists_the_right_ones(ada):
    for path in ("tasks", "openapi.json", "asyncapi.json"):
        answer = await ada.post(f"/api/v1/{path}", b"")
        await refused(answer, 405, "method-not-allowed")
        assert answer.headers["Allow"] == "GET, HEAD"
    assert (await ada.request("PUT", "/api/v1/jobs")).headers["Allow"] == "GET, HEAD, POST"
    await refused(await ada.post("/api/v1/openapi.json", b""), 405, "method-not-allowed")


async def test_a_host_that_is_not_ours_is_a_400(ada):
    await refused(await ada.get("/api/v1/tasks", host="evil.example"), 400, "malformed")
