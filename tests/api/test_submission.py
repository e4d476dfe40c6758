"""What a submission carries besides its task and arguments."""

import pytest

from jobs.models import Job
from tests.sample_tasks import add

ADD = add.public_name
TRACE = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_tags_are_stored_with_the_job_and_shown(ada):
    answer = await ada.submit(ADD, {"a": 1}, tags=["nightly", "größe"])
    assert answer.json()["tags"] == (await Job.objects.aget()).tags == ["nightly", "größe"]


@pytest.mark.parametrize(
    "tags, pointer",
    [
        (["x"] * 11, "/tags"),
        (["x" * 51], "/tags/0"),
        (["x", ""], "/tags/1"),
        (["a\0b"], "/tags/0"),
        ([5], "/tags/0"),
    ],
)
async def test_tags_have_a_limit_of_number_and_length(ada, tags, pointer):
    accepted = await ada.submit(ADD, {"a": 1}, tags=["x" * 50] * 10)
    refused = await ada.submit(ADD, {"a": 1}, tags=tags)
    assert (accepted.status_code, refused.status_code) == (202, 422)
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "given, stored",
    [
        (f"00-{TRACE}", f"00-{TRACE}"),
        (f"cc-{TRACE}", f"00-{TRACE}"),
        (f"cc-{TRACE}-what-the-future-will-be-like", f"00-{TRACE}"),
        (f"00-{TRACE}-more", ""),
        (f"ff-{TRACE}", ""),
        (f"00-{TRACE.upper()}", ""),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", ""),
        (f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01", ""),
        ("nonsense", ""),
    ],
)
async def test_a_trace_context_is_stored_with_the_job_unless_it_is_not_valid(ada, given, stored):
    answer = await ada.post("/api/v1/jobs", {"task": ADD, "args": {"a": 1}}, traceparent=given)
    assert answer.status_code == 202
    assert (await Job.objects.aget()).traceparent == stored


async def test_what_is_answered_is_what_is_then_shown(ada):
    answered = await ada.submit(
        "sample.typed", {"rows": 3}, tags=["x"], priority=5, run_after="2101-01-31T08:00:00Z"
    )
    assert (await ada.get(answered.headers["Location"])).json() == answered.json()
