"""Webhooks as their owners have them: registered, told by signed messages, looked into, sent again."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from jobs.api import webhooks
from jobs.api.webhooks import MAX_WEBHOOKS
from jobs.models import WebhookDelivery, WebhookEndpoint
from jobs.tasks.webhooks import task
from tests.planted import Secret
from tests.sample_tasks import add
from tests.tasks.source import Response, Source, always, running_source
from tests.worker.working import work_off

WEBHOOKS = "/api/v1/webhooks"
PUBLIC = f"https://ada.example/hook?key={Secret.KEY_OF_A_WEBHOOK}"


@pytest.fixture
def receiver(settings, monkeypatch):
    """Ada's own server, which takes what it is sent; tries follow each other at once."""
    monkeypatch.setattr(task, "PAUSES", (timedelta(0),) * len(task.PAUSES))
    with running_source() as source:
        settings.WEBHOOK_ALLOWED_HOSTS = [source.host]
        source.answers["/hook"] = always(Response(204))
        yield source


async def register(caller, url=PUBLIC, **more):
    answer = await caller.post(WEBHOOKS, {"url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def end_a_job(caller, webhook):
    """Its id; the job is submitted, runs, and the webhook has been told if it listens."""
    answer = await caller.submit(add.public_name, {"a": 1}, webhook=webhook["id"])
    assert answer.status_code == 202, answer.text
    await work_off()
    return answer.json()["id"]


async def deliveries(caller, webhook):
    return (await caller.get(webhook["links"]["deliveries"])).json()["deliveries"]


def verified(request, secret):
    """As a receiver does it; raises WebhookVerificationError."""
    return Webhook(secret).verify(request.body, request.headers)


async def test_a_webhook_that_fails_first_hears_of_the_end_at_last_and_can_verify_it(ada, receiver: Source):
    webhook = await register(ada, f"{receiver.url}/hook", description="of the shop")
    receiver.next_answers = [Response(500), Response(302, headers={"Location": "/elsewhere"})]
    job_id = await end_a_job(ada, webhook)

    assert receiver.paths == ["/hook"] * 3, "a redirect is not followed"
    assert len({(each.body, each.headers["webhook-id"]) for each in receiver.requests}) == 1
    event = verified(receiver.requests[-1], webhook["secret"])
    job = (await ada.get(f"/api/v1/jobs/{job_id}")).json()
    assert event == {
        "specversion": "1.0",
        "id": receiver.requests[-1].headers["webhook-id"],
        "source": "/api/v1",
        "type": "handoff.job.successful",
        "subject": job_id,
        "time": job["finished_at"],
        "datacontenttype": "application/json",
        "data": job,
    }
    assert receiver.requests[-1].headers["content-type"] == "application/cloudevents+json; charset=utf-8"

    [delivery] = await deliveries(ada, webhook)
    assert (delivery["id"], delivery["job_id"], delivery["status"]) == (event["id"], job_id, "delivered")
    assert [each["status_code"] for each in delivery["attempts"]] == [500, 302, 204]
    with pytest.raises(WebhookVerificationError):
        verified(receiver.requests[-1], (await register(ada))["secret"])


async def test_a_delivery_can_be_sent_again_though_it_arrived(ada, receiver: Source):
    webhook = await register(ada, f"{receiver.url}/hook")
    await end_a_job(ada, webhook)
    [delivery] = await deliveries(ada, webhook)
    address = f"{webhook['links']['deliveries']}/{delivery['id']}/redeliveries"
    assert [(await ada.post(address, None)).status_code for _ in range(2)] == [202, 202]
    await work_off()
    assert len(receiver.requests) == 2, "asked for twice before it was sent, it is sent once"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    await ada.request("PATCH", webhook["links"]["self"], json={"enabled": False})
    refusal = await ada.post(address, None)
    assert (refusal.status_code, refusal.json()["type"]) == (409, "/docs/problems#webhook-disabled")


async def test_after_a_change_of_the_secret_both_sign_for_a_day(ada, receiver: Source):
    webhook = await register(ada, f"{receiver.url}/hook")
    changed = (await ada.post(f"{webhook['links']['self']}/secrets", None)).json()
    await end_a_job(ada, webhook)
    for secret in (webhook["secret"], changed["secret"]):
        assert verified(receiver.requests[0], secret)
    await WebhookEndpoint.objects.aupdate(former_until=timezone.now())  # as after that day
    await end_a_job(ada, webhook)
    assert verified(receiver.requests[1], changed["secret"])
    with pytest.raises(WebhookVerificationError):
        verified(receiver.requests[1], webhook["secret"])


async def test_the_secret_is_shown_once_and_kept_encrypted(ada):
    webhook = await register(ada)
    for address in (WEBHOOKS, webhook["links"]["self"], webhook["links"]["deliveries"]):
        assert webhook["secret"] not in (await ada.get(address)).text
    row = json.dumps([each async for each in WebhookEndpoint.objects.values()], default=str)
    assert webhook["secret"].removeprefix("whsec_") not in row


async def test_a_webhook_is_changed_disabled_and_deleted(ada, receiver: Source):
    webhook = await register(ada)
    here = webhook["links"]["self"]
    change = {"url": f"{receiver.url}/hook", "description": "moved", "enabled": False}
    changed = (await ada.request("PATCH", here, json=change)).json()
    assert {name: changed[name] for name in change} == change
    assert changed["disabled_reason"] == "Disabled by hand."
    await end_a_job(ada, webhook)
    assert not await deliveries(ada, webhook), "a disabled one is told nothing"
    assert (await ada.request("PATCH", here, json={"enabled": True})).json()["disabled_reason"] is None
    await end_a_job(ada, webhook)
    assert len(await deliveries(ada, webhook)) == 1
    assert (await ada.request("DELETE", here)).status_code == 204
    assert (await ada.get(here)).status_code == 404
    assert not await WebhookDelivery.objects.aexists()


async def test_nobody_reaches_the_webhooks_of_others(ada, bob, staff):
    webhook = await register(ada)
    here = webhook["links"]["self"]
    for method, address in [
        ("GET", here), ("DELETE", here), ("PATCH", here), ("POST", f"{here}/secrets"), ("GET", f"{here}/deliveries"),
        ("POST", f"{here}/deliveries/{webhook['id']}/redeliveries"),
    ]:  # fmt: skip
        body = {"json": {}} if method == "PATCH" else {}
        assert (await bob.request(method, address, **body)).status_code == 404, (method, address)
    assert (await bob.get(WEBHOOKS)).json()["webhooks"] == []
    assert [each["id"] for each in (await staff.get(WEBHOOKS)).json()["webhooks"]] == [webhook["id"]]
    for caller in (bob, staff):
        refusal = await caller.submit(add.public_name, {"a": 1}, webhook=webhook["id"])
        assert (refusal.status_code, refusal.json()["type"]) == (422, "/docs/problems#unknown-webhook")
        assert refusal.json()["errors"][0]["pointer"] == "/webhook"
        jobs = [{"task": add.public_name, "args": {"a": 1}}] * 2
        refusal = await caller.post("/api/v1/jobs/batch", [jobs[0], jobs[1] | {"webhook": webhook["id"]}])
        assert (refusal.status_code, refusal.json()["errors"][0]["pointer"]) == (422, "/1/webhook")


def meanwhile(monkeypatch, do):
    """Has something done by somebody else while a request's URL is looked at."""

    def elsewhere(_given):
        with ThreadPoolExecutor(1) as threads:
            threads.submit(do).result(10)
            threads.submit(connections.close_all).result(10)

    monkeypatch.setattr(webhooks, "_check_url", elsewhere)


async def test_a_webhook_that_is_disabled_while_it_is_changed_stays_so(ada, monkeypatch):
    webhook = await register(ada)
    meanwhile(monkeypatch, lambda: WebhookEndpoint.objects.update(disabled_at=timezone.now()))
    changed = await ada.request("PATCH", webhook["links"]["self"], json={"url": f"{PUBLIC}2"})
    assert (changed.json()["url"], changed.json()["enabled"]) == (f"{PUBLIC}2", False)
    assert (await ada.get(webhook["links"]["self"])).json() == changed.json()


async def test_a_webhook_that_is_deleted_while_it_is_changed_is_not_there(ada, monkeypatch):
    webhook = await register(ada)
    meanwhile(monkeypatch, lambda: WebhookEndpoint.objects.all().delete())
    changed = await ada.request("PATCH", webhook["links"]["self"], json={"url": PUBLIC})
    assert changed.status_code == 404


async def test_a_user_has_so_many_webhooks_and_no_more_and_pages_through_them(ada):
    ids = [(await register(ada))["id"] for _ in range(MAX_WEBHOOKS)]
    refusal = await ada.post(WEBHOOKS, {"url": PUBLIC})
    assert (refusal.status_code, refusal.json()["type"]) == (409, "/docs/problems#too-many-webhooks")
    first = await ada.get(f"{WEBHOOKS}?limit=15")
    second = await ada.get(first.links["next"]["url"])
    assert [each["id"] for page in (first, second) for each in page.json()["webhooks"]] == ids[::-1]
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    "body, sentence",
    [
        ({"url": "http://ada.example/"}, "Expected an https URL"),
        ({"url": "https://ada:pw@ada.example/"}, "user name or password"),
        ({"url": "https://169.254.169.254/"}, "link-local"),
        ({"url": "https://[::1]/"}, "not a public IPv6 address"),
        ({"url": "https://ada.example:22/"}, "Port 22"),
        ({"url": "https://ada.example/" + "x" * 2000}, "at most 2000 characters"),
        ({"url": "https://ada.example/\0"}, "match pattern"),
        ({"url": PUBLIC, "description": "x" * 201}, "at most 200 characters"),
        ({}, "required"),
        ({"url": PUBLIC, "secret": "mine"}, "not permitted"),
    ],
)
async def test_what_is_no_webhook_is_refused_with_a_sentence(ada, body, sentence):
    refusal = await ada.post(WEBHOOKS, body)
    assert refusal.status_code == 422
    assert any(sentence in each["detail"] for each in refusal.json()["errors"]), refusal.text
