"""What the sender of a delivery makes of an answer, and when it leaves an endpoint alone."""

import socket
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import Cancel, Retry
from jobs.models import WebhookDelivery, WebhookEndpoint
from jobs.tasks.webhooks import deliver, rows, sending, task
from jobs.tasks.webhooks.sending import Try
from tests.planted import Secret
from tests.tasks.contexts import new_context, next_attempt
from tests.tasks.source import Response, Source, always, running_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings):
    with running_source() as source:
        settings.WEBHOOK_ALLOWED_HOSTS = [source.host]
        yield source


def new_delivery(url):
    """A context in which a job sends it, and the delivery."""
    owner, _ = User.objects.get_or_create(username="ada")
    endpoint = WebhookEndpoint(owner=owner, url=url)
    endpoint.new_secret()
    endpoint.save()
    context = new_context(deliver)
    now = timezone.now()
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint, job_id=context.job_id, event_type="handoff.job.successful", body="{}",
        created_at=now, next_try_at=now,
    )  # fmt: skip
    return context, delivery


async def tried(context, delivery, **how):
    """What the task came to: its result or error, and the delivery with its endpoint afterwards."""
    try:
        came_to = await deliver.func(context, str(delivery.id), **how)
    except (Cancel, Retry, task.NotHeard) as error:
        came_to = error
    return came_to, await WebhookDelivery.objects.select_related("endpoint").aget(id=delivery.id)


def last(delivery):
    return delivery.attempts[-1]


@pytest.mark.parametrize(
    "status, is_heard", [(200, True), (299, True), (300, False), (404, False), (503, False)]
)
async def test_only_a_2xx_is_heard(receiver: Source, status, is_heard):
    context, delivery = await sync_to_async(new_delivery)(f"{receiver.url}/hook")
    receiver.answers["/hook"] = always(Response(status, b"x" * 100))
    came_to, delivery = await tried(context, delivery)
    assert delivery.status == ("delivered" if is_heard else "pending")
    assert isinstance(came_to, dict if is_heard else Retry)
    assert (last(delivery)["status_code"], last(delivery)["error"]) == (status, None)


async def test_the_pauses_grow_and_the_last_failure_is_the_end(store, receiver):
    """Eight tries; docs/webhooks.md has the table."""
    context, delivery = await sync_to_async(new_delivery)(f"{receiver.url}/hook")
    pauses = []
    for _ in range(task.MAX_TRIES):
        came_to, row = await tried(context, delivery)
        pauses.append(getattr(came_to, "after", None))
        context = await sync_to_async(next_attempt)(context)
    assert pauses[-1] is None
    assert isinstance(came_to, task.NotHeard)
    for pause, expected in zip(pauses[:-1], task.PAUSES, strict=True):
        assert 0.75 * expected <= pause <= 1.25 * expected
    assert (row.status, len(row.attempts), row.endpoint.failures) == ("failed", 8, 1)
    assert timedelta(hours=13) < sum(pauses[:-1], timedelta()) < timedelta(hours=23)


async def test_an_endpoint_that_says_410_is_disabled_at_once(receiver: Source):
    context, delivery = await sync_to_async(new_delivery)(f"{receiver.url}/hook")
    receiver.answers["/hook"] = always(Response(410))
    came_to, delivery = await tried(context, delivery)
    assert isinstance(came_to, task.NotHeard)
    assert (delivery.status, delivery.endpoint.disabled_reason) == ("failed", "It answered 410 Gone.")
    came_to, _ = await tried(context, delivery)
    assert isinstance(came_to, Cancel)
    assert len(receiver.requests) == 1, "what else waited for it is not sent"


@pytest.mark.parametrize(
    "failures, days, is_disabled", [(5, 3, True), (4, 30, False), (5, 2.9, False), (6, 4, True)]
)
def test_an_endpoint_is_disabled_after_five_deliveries_and_three_days_in_which_nothing_arrived(
    failures, days, is_disabled
):
    _, delivery = new_delivery("https://ada.example/")
    now = timezone.now()
    WebhookEndpoint.objects.update(failing_since=now - timedelta(days=days), failures=failures - 1)
    rows.record(delivery, Try(at=now, duration_ms=1, status_code=500, error=None), next_try_at=None)
    endpoint = WebhookEndpoint.objects.get()
    assert bool(endpoint.disabled_at) == is_disabled
    assert (f"{failures} deliveries in a row failed" in endpoint.disabled_reason) == is_disabled


def test_one_that_arrives_makes_an_endpoint_well_again():
    _, delivery = new_delivery("https://ada.example/")
    WebhookEndpoint.objects.update(failing_since=timezone.now(), failures=4)
    rows.record(
        delivery, Try(at=timezone.now(), duration_ms=1, status_code=200, error=None), next_try_at=None
    )
    assert WebhookEndpoint.objects.values_list("failing_since", "failures").get() == (None, 0)


def test_of_a_delivery_so_many_tries_are_kept_and_no_more():
    _, delivery = new_delivery("https://ada.example/")
    for number in range(rows.MAX_LOGGED_TRIES + 1):
        rows.record(
            delivery,
            Try(at=timezone.now(), duration_ms=number, status_code=500, error=None),
            next_try_at=None,
        )
    kept = [each["duration_ms"] for each in WebhookDelivery.objects.get().attempts]
    assert kept == list(range(1, rows.MAX_LOGGED_TRIES + 1))


async def test_a_name_that_leads_to_this_network_is_not_connected_to(receiver: Source, settings):
    settings.WEBHOOK_ALLOWED_HOSTS = []
    port = receiver.host.partition(":")[2]
    context, delivery = await sync_to_async(new_delivery)(f"https://localhost:{port}/hook")
    came_to, delivery = await tried(context, delivery)
    assert isinstance(came_to, Retry)
    assert "(loopback)" in last(delivery)["error"] or "not a public IPv6" in last(delivery)["error"]
    assert receiver.requests == []


async def test_a_try_has_an_end_and_its_error_holds_no_url(settings, monkeypatch):
    monkeypatch.setattr(sending, "TRY_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        settings.WEBHOOK_ALLOWED_HOSTS = [host]
        context, delivery = await sync_to_async(new_delivery)(
            f"http://{host}/hook?key={Secret.KEY_OF_A_WEBHOOK}"
        )
        _, delivery = await tried(context, delivery)
        assert last(delivery)["error"] == "No answer came within 0.05 s."
    came_to, delivery = await tried(context, delivery)  # nobody listens there any more
    assert "can't be reached" in last(delivery)["error"]
    assert "secret" not in f"{came_to}{last(delivery)}"


async def test_what_arrived_is_not_sent_by_the_schedule_again(receiver: Source):
    receiver.answers["/hook"] = always(Response(200))
    context, delivery = await sync_to_async(new_delivery)(f"{receiver.url}/hook")
    await tried(context, delivery)
    await tried(context, delivery)
    assert len(receiver.requests) == 1
    await tried(context, delivery, again=True)
    assert len(receiver.requests) == 2


async def test_a_failed_redelivery_leaves_the_schedule_alone(receiver: Source):
    context, delivery = await sync_to_async(new_delivery)(f"{receiver.url}/hook")
    came_to, row = await tried(context, delivery, again=True)
    assert isinstance(came_to, task.NotHeard)
    assert (row.next_try_at, row.endpoint.failures) == (delivery.next_try_at, 0)


async def test_a_deleted_webhook_is_told_nothing(receiver: Source):
    context, delivery = await sync_to_async(new_delivery)(f"{receiver.url}/hook")
    await WebhookEndpoint.objects.all().adelete()
    with pytest.raises(Cancel):
        await deliver.func(context, str(delivery.id))
    assert receiver.requests == []
