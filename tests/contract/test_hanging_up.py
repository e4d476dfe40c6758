"""Whoever hangs up in the middle of a submission holds nothing up, and may send it again; on both stores."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from django.contrib.auth.models import User

from jobs.api.turns import turns
from jobs.broker import client, keys
from jobs.lifecycle.backlog import backlog
from jobs.live.hub import hub
from jobs.models import Job
from tests.api.conftest import Caller
from tests.sample_tasks import add

ONE = {"task": add.public_name, "args": {"a": 1}}
#: Turns of the event loop until the client is gone: from at once to hardly ever in time.
MOMENTS = [0, *(3**power for power in range(8))]


@pytest.fixture
def ada(store):
    return Caller(User.objects.create_user("ada"))


async def cut_off(asking: "asyncio.Task[httpx.Response]", turns: int) -> None:
    """As the server does with a request whose client hangs up."""
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})


@pytest.mark.parametrize(
    "path, body, jobs, headers",
    [
        ("/api/v1/jobs", ONE, 1, {"prefer": "wait=5"}),
        ("/api/v1/jobs/batch", [ONE] * 30, 30, {}),
    ],
    ids=["one", "batch"],
)
async def test_nothing_is_held_and_a_repeat_is_done_once(ada, path, body, jobs, headers):
    for round_, moment in enumerate(MOMENTS, start=1):
        key = str(uuid4())
        asking = asyncio.create_task(ada.post(path, body, idempotency_key=key, **headers))
        await cut_off(asking, moment)
        assert not turns()._lines
        assert not any(known.storing or known.counting.locked() for known in backlog()._owners.values())
        assert not hub().listeners
        assert not await client.redis().keys(keys.alone("*"))
        assert (await ada.post(path, body, idempotency_key=key)).status_code == 202
        assert await Job.objects.acount() == round_ * jobs
    assert await client.redis().zcard(keys.queue("default")) == len(MOMENTS) * jobs
