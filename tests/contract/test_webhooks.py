"""However a job ends, its webhook is told, on every kind of store; and nothing is told of what did not happen."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.api import webhooks
from jobs.broker.ready import unknown
from jobs.lifecycle.cancel import cancel
from jobs.lifecycle.expire import expire_passed
from jobs.lifecycle.start import MAX_WORKER_DEATHS, start
from jobs.lifecycle.webhooks import DELIVER
from jobs.models import Job, WebhookDelivery, WebhookEndpoint
from jobs.rules.unknown import GIVEN_UP_AFTER
from jobs.status import Status
from tests.api.conftest import Caller
from tests.contract.steps import end, new_job, started

pytestmark = pytest.mark.usefixtures("store")


def senders():
    return list(Job.objects.filter(task_path=DELIVER))


@pytest.fixture
def endpoint(store):
    endpoint = WebhookEndpoint(owner=User.objects.create_user("ada"), url="https://ada.example/hook")
    endpoint.new_secret()
    endpoint.save()
    return endpoint


def finished(status):
    return lambda job: end(started(job), status)


def expired(job):
    Job.objects.filter(id=job.id).update(deadline_at=timezone.now() - timedelta(seconds=1))
    expire_passed()


def started_too_late(job):
    Job.objects.filter(id=job.id).update(deadline_at=timezone.now() - timedelta(seconds=1))
    start([str(job.id)], "w1")


def lost_with_its_workers(job):
    for number in range(MAX_WORKER_DEATHS + 1):
        start([str(job.id)], f"w{number}")


def cancelled_while_its_worker_was_lost(job):
    started(job)
    cancel(job.id)
    start([str(job.id)], "w2")


def of_a_task_that_nobody_knows(job):
    long_ago = timezone.now() - GIVEN_UP_AFTER
    Job.objects.filter(id=job.id).update(task_path="gone.task", unknown_at=long_ago)
    start([str(job.id)], "w1")


ENDS = {
    finished(Status.SUCCESSFUL): "successful",
    finished(Status.FAILED): "failed",
    finished(Status.CANCELLED): "cancelled",
    lambda job: cancel(job.id): "cancelled",
    expired: "failed",
    started_too_late: "failed",
    lost_with_its_workers: "failed",
    cancelled_while_its_worker_was_lost: "cancelled",
    of_a_task_that_nobody_knows: "failed",
}


@pytest.mark.parametrize("comes_to_its_end, status", ENDS.items())
async def test_whichever_way_a_job_ends_its_webhook_is_told(endpoint, comes_to_its_end, status):
    await sync_to_async(check_told)(endpoint, comes_to_its_end, status)
    [sender] = await sync_to_async(senders)()
    assert await unknown("default", [str(sender.id)]) == [], "Redis knows of it at once"


def check_told(endpoint, comes_to_its_end, status):
    job = new_job(webhook=endpoint)
    comes_to_its_end(job)
    assert Job.objects.get(id=job.id).status == status
    [delivery] = WebhookDelivery.objects.all()
    event = json.loads(delivery.body)
    assert (event["type"], event["subject"]) == (f"handoff.job.{status}", str(job.id))
    assert (event["id"], event["data"]["status"]) == (str(delivery.id), status)
    [sender] = senders()
    assert (sender.args, sender.owner, sender.status) == ([str(delivery.id)], None, Status.READY)


def test_an_attempt_that_goes_back_to_waiting_tells_nothing(endpoint):
    job = new_job(webhook=endpoint, max_attempts=2)
    end(started(job), Status.DEFERRED, pause=timedelta(minutes=1))
    assert not senders()


def disabled(endpoint):
    endpoint.disable("as the test wants")
    endpoint.save()


@pytest.mark.parametrize("gone", [WebhookEndpoint.delete, disabled])
def test_a_webhook_that_is_gone_by_then_is_told_nothing(endpoint, gone):
    job = new_job(webhook=endpoint)
    gone(endpoint)
    end(started(job), Status.SUCCESSFUL)
    assert (Job.objects.get(id=job.id).status, senders()) == (Status.SUCCESSFUL, [])


def test_an_end_that_is_rolled_back_tells_nothing(endpoint):
    job = new_job(webhook=endpoint)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cancel(job.id)
        assert WebhookDelivery.objects.exists()
        1 / 0  # noqa: B018
    assert not WebhookDelivery.objects.exists()
    assert not senders()


def test_jobs_that_name_no_webhook_cost_no_statement():
    jobs = [started(new_job()), started(new_job(webhook=type("Endpoint", (), {"pk": uuid4()})))]
    counts = []
    for job in jobs:
        with CaptureQueriesContext(connection) as queries:
            end(job, Status.SUCCESSFUL)
        counts.append(sum("webhook" in query["sql"] for query in queries))
    assert counts[0] == 0 < counts[1], "and those that do are seen by this test"


def test_the_job_knows_its_webhook_again_when_it_is_started(endpoint):
    assert started(new_job(webhook=endpoint)).webhook_id == UUID(str(endpoint.id))


@pytest.fixture
def bob(store):
    return Caller(User.objects.create_user("bob"))


async def test_of_many_registered_at_once_there_are_no_more_than_a_user_may_have(bob, monkeypatch):
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 2)
    given = {"url": "https://bob.example/hook"}
    answers = await asyncio.gather(*(bob.post("/api/v1/webhooks", given) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 6}
    assert await WebhookEndpoint.objects.acount() == 2
