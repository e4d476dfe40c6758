"""A job whose end was asked for while it ran, and whose attempt came to something else."""

from datetime import timedelta

import pytest
from django.tasks import task
from django.utils import timezone

from jobs import JobContext, Retry, Snooze
from jobs.broker import client
from jobs.models import Job
from jobs.status import Status
from tests.worker.test_worker import run_to_end, statuses

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timedelta(0)


@task(takes_context=True, max_attempts=5)
async def put_off(context: JobContext, how: str) -> None:
    """Is asked to end as it is about to be put off."""
    await Job.objects.filter(id=context.job_id).aupdate(cancel_requested_at=timezone.now())
    raise Retry("again", after=NOW) if how == "retry" else Snooze(NOW, "later")


@pytest.mark.parametrize("how", ["retry", "snooze"])
async def test_it_ends_as_cancelled_and_redis_forgets_it(how):
    job = await run_to_end(put_off, how)
    assert await statuses(job) == ["ready", "running", "cancelled"]
    assert (job.status, job.finished_at is None) == (Status.CANCELLED, False)
    assert await client.redis().zcard("arq:queue") == 0
    assert await client.redis().keys("arq:in-progress:*") == []
    assert await client.redis().exists(f"arq:result:{job.id}"), "arq's clients learn of the end"


@pytest.mark.parametrize("how", ["retry", "snooze"])
async def test_its_worker_does_not_claim_it_again(how, caplog):
    await run_to_end(put_off, how)
    assert "Redis forgets" not in caplog.text
