"""What an engine does with leases that ran out before it came to start their jobs."""

import time
from dataclasses import replace

import pytest

from jobs.broker import client
from jobs.models import Job
from jobs.status import Status
from jobs.worker.engine import Engine
from tests.claims import claim
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_job_whose_lease_ran_out_before_its_start_is_left_to_the_next_claim():
    job_id = (await add.aenqueue(1)).id
    [lease] = (await claim("default", "w1", 1)).leases
    assert lease.over_at > time.monotonic()
    async with Engine(1) as engine:
        assert await engine.start([replace(lease, over_at=time.monotonic() - 1)]) == []
    assert (await Job.objects.aget(id=job_id)).status == Status.READY
    assert await client.redis().zscore("arq:queue", job_id) is not None, "Redis still knows it"
