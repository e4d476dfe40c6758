"""A request has a name, which finds its lines in the log."""

import asyncio
import io
import json
import logging

import pytest
from structlog.stdlib import ProcessorFormatter

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


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "größe", 'a"b', "<script>"])
async def test_a_name_that_is_not_sane_is_replaced(stranger, given):
    answer = await stranger.get("/api/v1/openapi.json", x_request_id=given.encode())
    assert len(answer.headers[HEADER]) == 32
    assert answer.headers[HEADER].isalnum()
