"""Either face, with a server whose every answer the test chooses: what is tried again, what is heard, what is told."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from handoff import Problem
from handoff.blocking import finished
from handoff.patience import Patience
from handoff.problem import retry_after_seconds

JOB = {
    "id": "01a204a1-28a8-7757-9a87-48805c33ffa0", "task": "t", "status": "successful", "queue": "default",
    "priority": 0, "args": {}, "result": 3, "error": None, "progress": {"fraction": 1.0, "text": ""},
    "attempt": 1, "max_attempts": 1, "enqueued_at": "2031-01-31T08:00:00.123Z", "run_after": None,
    "started_at": None, "finished_at": None, "seq": 3, "owner": 1, "tags": [], "files": [], "links": {},
}  # fmt: skip


def answered(status=200, body=JOB, **headers):
    return httpx.Response(
        status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def problem(status, name, **headers):
    return answered(status, {"type": f"/docs/problems#{name}", "title": "T", "detail": "D"}, **headers)


REFUSED = httpx.ConnectError("refused")
RESET = httpx.ReadError("reset")


def unavailable():
    return problem(503, "unavailable", retry_after="2")


async def test_what_passes_is_sent_again_as_it_was_after_a_rest(stub):
    stub.answers = iter([
        REFUSED,
        RESET,
        httpx.ReadTimeout(""),
        httpx.RemoteProtocolError("half an answer"),
        httpx.Response(502, text="<html>a proxy's</html>"),
        httpx.Response(504),
        unavailable(),
        problem(429, "rate-limited", retry_after="3"),
        problem(409, "in-progress", retry_after="1"),
        answered(202),
    ])  # fmt: skip
    assert (await stub.call("submit", "t", {"a": 1}, tags=["x"])).result == 3
    assert len({(request.content, *request.headers.items()) for request in stub.requests}) == 1
    assert stub.requests[0].headers["Idempotency-Key"]
    asked = [0, 0, 0, 0, 0, 0, 2, 3, 1]
    assert all(least <= pause <= least + 10 for least, pause in zip(asked, stub.pauses, strict=True))


async def test_each_submission_has_a_key_of_its_own_unless_one_is_given(stub):
    batch = answered(202, {"jobs": [], "errors": []})
    stub.answers = iter([answered(202), answered(202), batch, answered(202)])
    for call in (("submit", "t"), ("submit", "t"), ("submit_many", [])):
        await stub.call(*call)
    await stub.call("submit", "t", idempotency_key="mine")
    *made, given = [request.headers["Idempotency-Key"] for request in stub.requests]
    assert (len(set(made)), given) == (3, "mine")


REFUSALS = [
    (401, "unauthenticated"),
    (404, "not-found"),
    (409, "not-ended"),
    (422, "invalid-arguments"),
    (500, "internal"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_is_raised_at_once(stub, refusal):
    stub.answers = iter([problem(*refusal)])
    with pytest.raises(Problem, match=f"{refusal[0]} T: D") as raised:
        await stub.call("submit", "t")
    assert (raised.value.status, raised.value.name) == refusal


async def test_a_problem_has_all_that_the_server_said(stub):
    errors = [{"pointer": "/args/rows", "detail": "Too many."}]
    body = {
        "type": "/docs/problems#x",
        "title": "T",
        "detail": "D",
        "instance": "/api/v1/jobs",
        "errors": errors,
    }
    stub.answers = iter([answered(422, body | {"known_tasks": ["a"]})])
    with pytest.raises(Problem) as raised:
        await stub.call("get", "1")
    told = raised.value
    assert (told.type, told.title, told.detail, told.instance) == tuple(body.values())[:4]
    assert (told.errors[0].pointer, told.members["known_tasks"]) == ("/args/rows", ["a"])


@pytest.mark.parametrize("status", [None, 502, 503, 504])
async def test_a_retry_is_not_sent_again_unless_it_certainly_changed_nothing(stub, status):
    lost = httpx.Response(status) if status else RESET
    stub.answers = iter([REFUSED, problem(429, "rate-limited"), lost])
    with pytest.raises(Problem):
        await stub.call("retry", "1")
    assert len(stub.requests) == 3


async def test_what_is_not_from_handoff_is_a_problem_too(stub):
    stub.answers = iter(
        [httpx.Response(200, text="<html>Sign in to the network</html>"), httpx.Response(301)]
    )
    for title in ("The answer is not from Handoff", "Moved Permanently"):
        with pytest.raises(Problem, match=title):
            await stub.call("get", "1")


async def test_members_statuses_and_kinds_of_a_newer_server_are_taken(stub):
    newer = JOB | {"status": "blocked", "steps": 3, "progress": {"fraction": 0, "text": "", "eta": 1}}
    stub.answers = iter([answered(200, newer)])
    job = await stub.call("get", JOB["id"])
    assert (job.status, job.has_ended) == ("blocked", False)
    assert job.enqueued_at == datetime(2031, 1, 31, 8, 0, 0, 123000, tzinfo=UTC)


def test_rests_grow_to_a_limit_and_end_in_time():
    patience = Patience(retry_for=60, max_pause=10)
    lost = Problem(None, {})
    assert [patience.pause(lost, now=0, chance=1) for _ in range(9)] == [
        0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10,
    ]  # fmt: skip
    assert patience.pause(lost, now=20, chance=0.5) == 5, "anywhere up to the longest"
    assert patience.pause(lost, now=50, chance=1) == 10
    assert patience.pause(lost, now=50.1, chance=1) is None, "60 s after the first failure"
    told = Patience(60, 10).pause
    assert [told(Problem(429, {}, seconds), 0, 0) for seconds in (59, 60, 61)] == [59, 60, None]


@pytest.mark.parametrize(
    "given, expected",
    [("3", 3), ("Fri, 31 Jan 2031 08:00:09 GMT", 9), ("Fri, 31 Jan 2031 07:00:00 GMT", 0), ("soon", None), ("", None)],
)  # fmt: skip
def test_the_server_says_in_seconds_or_by_a_date_when_to_come_back(given, expected):
    answer = httpx.Response(503, headers={"Retry-After": given})
    assert retry_after_seconds(answer, datetime(2031, 1, 31, 8, tzinfo=UTC)) == expected


async def test_a_wait_asks_until_the_end_and_not_too_often(stub):
    running = JOB | {"status": "running"}
    stub.answers = iter([answered(200, running), REFUSED, answered(200, running), answered()])
    assert (await stub.call("wait", "1")).has_ended
    assert {request.headers["Prefer"] for request in stub.requests} == {"wait=30"}
    assert [0.9 < pause <= 1 for pause in stub.pauses] == [True, False, True], "where it can't be held back"


@pytest.mark.parametrize("seconds", [0, 0.0, timedelta(0)])
async def test_a_wait_that_is_over_says_so(stub, seconds):
    stub.answers = iter([answered(200, JOB | {"status": "ready"})])
    with pytest.raises(TimeoutError, match="it is ready"):
        await stub.call("wait", "1", seconds)


async def test_pages_are_followed_as_they_are_asked_for(stub):
    more = answered(200, {"jobs": [JOB, JOB], "next": "/api/v1/jobs?status=failed&cursor=abc"})
    stub.answers = iter([more, answered(200, {"jobs": [JOB], "next": None})])
    assert len(await stub.call("jobs", status=["failed", "cancelled"], task="t")) == 3
    assert [request.url.raw_path.decode() for request in stub.requests] == [
        "/api/v1/jobs?status=failed&status=cancelled&task=t&limit=100",
        "/api/v1/jobs?status=failed&cursor=abc",
    ]


async def test_each_answer_has_its_time(stub):
    stub.answers = iter([answered(), answered(), answered(), httpx.Response(204)])
    await stub.call("get", "1")
    await stub.call("submit", "t", wait=7)
    await stub.call("wait", "1")
    await stub.call("events", "1")
    limits = [request.extensions["timeout"]["read"] for request in stub.requests]
    assert limits == [20, 27, 50, 35], "a stream says something every 15 s"


def test_without_an_event_loop_nothing_may_wait_for_one():
    class Loop:
        def __await__(self):
            yield

    async def wait():
        await Loop()

    with pytest.raises(RuntimeError, match="It waits for an event loop"):
        finished(wait())


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Sends these pieces; an exception among them breaks it."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.is_closed = False

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self):
        self.is_closed = True

    async def aclose(self):
        self.is_closed = True


def streamed(*pieces):
    return httpx.Response(200, stream=Stream(b"retry: 2000\n\n", *pieces))


def message(name, **members):
    text = json.dumps({"type": name, "topic": "job:1", **members}, ensure_ascii=False)
    return f"id: 1\nevent: {name}\ndata: {text}\n\n".encode()


def event(seq, text="", **members):
    return message(
        "event", job_id="1", seq=seq, kind="log", at="2031-01-31T08:00:00Z", data={"text": text}, **members
    )


async def test_events_come_once_each_whatever_breaks(stub):
    stub.answers = iter([
        streamed(event(1) + event(2)[:9], event(2)[9:], b":\n\n", event(3)[:20], RESET),
        REFUSED,
        unavailable(),
        streamed(event(3, "\u2028 and \x85 end no line")),
        streamed(event(4, newer=1)),
        httpx.Response(204),
    ])  # fmt: skip
    heard = await stub.call("events", "1")
    assert [each.seq for each in heard] == [1, 2, 3, 4]
    assert heard[2].data["text"] == "\u2028 and \x85 end no line"
    assert [request.headers["Last-Event-ID"] for request in stub.requests] == ["0", "2", "2", "2", "3", "4"]
    assert len(stub.pauses) == 3, "none after a stream that told something"


async def test_a_stream_may_break_as_often_as_it_is_heard_and_is_else_given_up(stub):
    stub.sender._retry_for = stub.sender._max_pause = (
        0  # one try more, at once, after each time that it was heard
    )
    stub.answers = iter([
        streamed(event(1), RESET),
        streamed(b":\n\n", RESET),
        streamed(b":\n\n"),
        streamed(),
    ])  # fmt: skip
    with pytest.raises(Problem, match="The stream ended early"):
        await stub.call("events", "1")
    assert len(stub.requests) == 4


async def test_a_server_that_has_not_all_events_says_so(stub):
    stub.answers = iter([streamed(message("reset", seq=3, job=JOB)), httpx.Response(204)])
    [reset] = await stub.call("events", "1", after=9)
    assert (reset.kind, reset.seq, reset.data) == ("reset", 3, JOB)


async def test_a_stream_that_is_refused_when_it_has_begun_is_a_problem(stub):
    stub.answers = iter([
        streamed(message("error", code="too_many", detail="D")),
        streamed(message("error", code="not_found", detail="D")),
    ])  # fmt: skip
    with pytest.raises(Problem, match="404 not_found: D"):
        await stub.call("events", "1")
    assert len(stub.pauses) == 1


async def test_who_breaks_off_leaves_no_connection(stub):
    answer = streamed(event(1), event(2))
    stream = answer.stream
    stub.answers = iter([answer])
    source = stub.client.events("1")
    if hasattr(source, "aclose"):
        await anext(source)
        await source.aclose()
    else:
        next(source)
        source.close()
    assert stream.is_closed
