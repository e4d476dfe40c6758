"""The client and the application in one process: what is asked for is done, and once, though answers are lost."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from io import BytesIO

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from handoff import AsyncClient, Problem, Submission
from jobs.models import ApiToken, File, Job, Scope
from jobs.worker.loop import Worker
from tests.api.conftest import leave_file
from tests.client.conftest import URL
from tests.sample_tasks import add
from tests.worker.working import work_off

ADD = add.public_name


def test_the_client_comes_without_django_and_the_engine():
    code = (
        "import sys, handoff; handoff.Client, handoff.AsyncClient;"
        "sys.exit(bool({name.partition('.')[0] for name in sys.modules} & {'django', 'jobs', 'asgiref'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


async def test_a_job_runs_to_its_result(ada):
    now = timezone.now()
    job = await ada.submit(ADD, {"a": 40}, priority=3, run_after=now, tags=["sums"])
    assert (job.task, job.args, job.priority, job.tags) == (ADD, {"a": 40}, 3, ["sums"])
    assert abs(job.run_after - now) < timedelta(milliseconds=1)
    await work_off()
    ended = await ada.wait(job.id, timeout=10)
    assert (ended.status, ended.result, ended) == ("successful", 42, await ada.get(job.id))
    events = [event async for event in ada.events(job.id)]
    assert [event.seq for event in events] == list(range(1, ended.seq + 1))
    assert events[-1].data["status"] == "successful"
    assert [event.seq async for event in ada.events(job.id, after=2)] == list(range(3, ended.seq + 1))


async def test_jobs_are_found_by_every_filter(ada):
    job = await ada.submit(ADD, {"a": 40}, tags=["sums"], queue="reports")
    an_hour = timedelta(hours=1)
    so = {
        "status": ["ready", "failed"],
        "task": ADD,
        "queue": "reports",
        "tag": "sums",
        "owner": job.owner,
        "enqueued_from": job.enqueued_at - an_hour,
        "enqueued_before": job.enqueued_at + an_hour,
        "args": {"a": 40},
    }
    assert [each.id async for each in ada.jobs(**so)] == [job.id]
    other = {
        "status": "failed",
        "task": "x",
        "queue": "x",
        "tag": "x",
        "owner": job.owner + 1,
        "enqueued_from": job.enqueued_at + an_hour,
        "enqueued_before": job.enqueued_at - an_hour,
        "args": {"a": 41},
    }
    for name, value in other.items():
        assert not [each async for each in ada.jobs(**{"task": ADD, name: value})], name


async def test_a_service_acts_for_others(ada, network):
    zoe = await User.objects.acreate(username="zoë")
    service = await User.objects.acreate(username="service")
    _, token = await sync_to_async(ApiToken.issue)(
        owner=service, name="tests", scopes=[Scope.ADMIN], may_act_for_others=True
    )
    async with AsyncClient(URL, token, owner="zoë", transport=network) as client:
        assert (await client.submit(ADD, {"a": 1})).owner == zoe.pk


@pytest.mark.parametrize("losing", [0, 1, 3])
async def test_what_is_submitted_is_stored_once_however_many_answers_are_lost(ada, network, losing):
    network.losing = losing
    job = await ada.submit(ADD, {"a": 1})
    network.losing = losing
    batch = await ada.submit_many([Submission(ADD, {"a": 2}), Submission(ADD, {"a": 3})])
    ids = [job.id, *(each.id for each in batch.jobs)]
    assert [str(row.id) async for row in Job.objects.order_by("id")] == ids
    assert len(network.requests) == 2 * (losing + 1)


async def test_a_lenient_batch_says_what_did_not_fit(ada):
    batch = await ada.submit_many([Submission(ADD, {"a": 1}), Submission(ADD)], lenient=True)
    assert ([job.index for job in batch.jobs], batch.errors[0].pointer) == ([0], "/1/args/a")


async def test_a_key_of_one_s_own_finds_the_job_again(ada):
    first, again = [await ada.submit(ADD, {"a": 1}, idempotency_key="mine") for _ in range(2)]
    assert first == again
    with pytest.raises(Problem) as raised:
        await ada.submit(ADD, {"a": 2}, idempotency_key="mine")
    assert raised.value.name == "key-reused"


async def test_a_job_is_cancelled_and_retried_though_the_answer_to_its_cancellation_is_lost(ada, network):
    job = await ada.submit(ADD, {"a": 1})
    network.losing = 1
    assert (await ada.cancel(job.id)).status == "cancelled"
    retried = await ada.retry(job.id, {"a": 5})
    assert (retried.status, retried.args) == ("ready", {"a": 5})
    await work_off()
    assert (await ada.wait(job.id)).result == 7
    with pytest.raises(Problem) as raised:
        await ada.cancel(job.id)
    assert raised.value.name == "already-ended"
    network.losing = 1
    with pytest.raises(Problem, match="No answer"):
        await ada.retry(job.id)
    assert (await ada.get(job.id)).status == "ready", "once"


@pytest.mark.parametrize("losing", [0, 1])
async def test_a_file_goes_up_and_comes_down_though_answers_are_lost(ada, network, losing):
    network.losing = losing
    upload = await ada.upload(BytesIO(b"name,height\n"), name="people.csv")
    assert (upload.name, upload.size, upload.content_type) == ("people.csv", 12, "text/csv")
    assert await File.objects.acount() == 1 + losing, "the spare one is deleted after keep_seconds"
    job = await ada.submit(ADD, {"a": 1})
    await sync_to_async(leave_file)(await Job.objects.aget(id=job.id), "säulen #1?.csv", b"a,b\n")
    to = BytesIO(b"head and more")
    to.seek(4)
    network.losing = losing
    await ada.download(job.id, "säulen #1?.csv", to)
    assert to.getvalue() == b"heada,b\n"


async def test_a_submission_that_waits_answers_with_the_result_if_it_comes_in_time(ada):
    worker = Worker(handle_signals=False)
    running = asyncio.create_task(worker.async_run())
    assert (await ada.submit(ADD, {"a": 1}, wait=timedelta(seconds=10))).result == 3
    worker._stopping.set()
    await running
