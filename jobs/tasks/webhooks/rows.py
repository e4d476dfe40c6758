"""What is kept of deliveries, and how an endpoint that only fails is disabled."""

from datetime import datetime, timedelta

from django.db import transaction

from jobs.models import WebhookDelivery, WebhookEndpoint
from jobs.tasks.webhooks.sending import Try

#: Of one delivery; older tries are forgotten.
MAX_LOGGED_TRIES = 50
#: An endpoint is disabled once so many deliveries in a row were given up …
MAX_FAILURES = 5
#: … and nothing has arrived for so long.
MAX_SILENCE = timedelta(days=3)


def find(delivery_id: str) -> WebhookDelivery | None:
    """With its endpoint. None once that was deleted, or the job that it is about."""
    return WebhookDelivery.objects.select_related("endpoint").filter(id=delivery_id).first()


def give_up(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(id=delivery.id).update(next_try_at=None)


@transaction.atomic
def record(delivery: WebhookDelivery, done: Try, *, next_try_at: datetime | None) -> None:
    """Adds a try to the delivery's log, and what it says of the endpoint. `next_try_at` counts if it was not heard."""
    row = WebhookDelivery.objects.select_for_update().filter(id=delivery.id).first()
    if row is None:
        return  # deleted meanwhile
    row.attempts = [*row.attempts, done.as_json()][-MAX_LOGGED_TRIES:]
    row.next_try_at = None if done.is_heard else next_try_at
    if done.is_heard:
        row.delivered_at = row.delivered_at or done.at
        _is_well(delivery.endpoint)
    else:
        _has_failed(delivery.endpoint, done, is_given_up=next_try_at is None)
    row.save(update_fields=["attempts", "next_try_at", "delivered_at"])


def _is_well(endpoint: WebhookEndpoint) -> None:
    """Writes nothing if it was."""
    troubled = WebhookEndpoint.objects.filter(id=endpoint.id, failing_since__isnull=False)
    troubled.update(failing_since=None, failures=0)


def _has_failed(endpoint: WebhookEndpoint, done: Try, *, is_given_up: bool) -> None:
    row = WebhookEndpoint.objects.select_for_update().filter(id=endpoint.id).first()
    if row is None:
        return
    row.failing_since = row.failing_since or done.at
    row.failures += is_given_up
    if reason := _why_disabled(row, done):
        row.disable(reason)
    row.save(update_fields=["failing_since", "failures", "disabled_at", "disabled_reason"])


def _why_disabled(endpoint: WebhookEndpoint, done: Try) -> str:
    """Empty: it stays as it is."""
    assert endpoint.failing_since
    if endpoint.disabled_at:
        return ""
    if done.is_gone:
        return "It answered 410 Gone."
    if endpoint.failures >= MAX_FAILURES and done.at - endpoint.failing_since >= MAX_SILENCE:
        return f"{endpoint.failures} deliveries in a row failed, the first try on {endpoint.failing_since:%Y-%m-%d}."
    return ""
