"""A request has a name, which finds its lines in the log."""

import asyncio
import io
import json
import logging

import pytest
from django.db import OperationalError
from psycopg.errors import DeadlockDetected
from structlog.stdlib import ProcessorFormatter

from jobs.access import bearer
from tests.api.conftest import Caller

HEADER = "X-Request-ID"


@pytest.fixture
def stranger(db):
    return Caller(None)


@pytest.fixture
def log():
    """What the configured handler writes meanwhile."""
    [handler] = [
        each for each in logging.getLogger().handlers if isinstance(each.formatter, ProcessorFormatter)
    ]
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


async def test_the_name_that_came_is_answered_and_logged(stranger, log):
    answers = await asyncio.gather(
        *(stranger.get("/api/v1/jobs", x_request_id=f"proxy-{n}") for n in range(3))
    )
    names = {answer.headers[HEADER] for answer in answers}
    assert names == {"proxy-0", "proxy-1", "proxy-2"}
    logged = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["request_id"] for line in logged if line["event"].startswith("Unauthorized")} == names


async def test_a_503_says_in_the_log_what_it_came_of_under_the_name_of_its_request(
    stranger, log, monkeypatch
):
    def refuse(_):
        raise OperationalError("it was given up") from DeadlockDetected("deadlock detected")

    monkeypatch.setattr(bearer, "_valid_tokens", refuse)
    answer = await stranger.get("/api/v1/jobs", x_request_id="proxy-1", authorization="Bearer x")
    assert answer.status_code == 503
    [line] = [
        line
        for line in map(json.loads, log.getvalue().splitlines())
        if line["logger"] == "jobs.api.exceptions"
    ]
    assert (line["level"], line["request_id"]) == ("error", "proxy-1")
    assert line["event"] == "GET /api/v1/jobs got a 503 (unavailable): DeadlockDetected('deadlock detected')"


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "größe", 'a"b', "<script>"])
async def test_a_name_that_is_not_sane_is_replaced(stranger, given):
    answer = await stranger.get("/api/v1/openapi.json", x_request_id=given.encode())
    assert len(answer.headers[HEADER]) == 32
    assert answer.headers[HEADER].isalnum()
