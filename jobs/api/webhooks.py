"""`/webhooks`: URLs that are told when jobs end, and what became of the telling."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpResponse
from ninja import Query, Router

from jobs.api.answers import empty_answer, gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.bodies import JSON, read_json
from jobs.api.openapi import refuses, takes, tells
from jobs.api.paging import Page, link_header
from jobs.api.pointers import pointer
from jobs.api.problems import Kind, Problem
from jobs.api.schemas.webhook import (
    DeliveriesOut,
    DeliveryOut,
    WebhookChange,
    WebhookGiven,
    WebhookOut,
    WebhookSecretOut,
    WebhooksOut,
    WebhookWithSecretOut,
)
from jobs.events.shapes import API, timestamp
from jobs.guard import UrlRefused, check_url, parse_url
from jobs.lifecycle.webhooks import redeliver
from jobs.models import Scope, WebhookDelivery, WebhookEndpoint

router = Router(tags=["webhooks"])
router.add_decorator(gives_json, mode="view")

#: Of one owner.
MAX_WEBHOOKS = 20
WEBHOOK = "/webhooks/{uuid:webhook_id}"
DELIVERIES = f"{WEBHOOK}/deliveries"


@router.post(
    "/webhooks",
    auth=needs(Scope.WRITE),
    response={201: WebhookWithSecretOut},
    openapi_extra=takes(JSON, WebhookGiven.model_json_schema())
    | tells("Location", status=201)
    | refuses(409, 415),
)
async def register_webhook(request: ApiRequest) -> HttpResponse:
    """Registers a URL. The secret in the answer verifies what it will be told, and can't be had again."""
    given = read_json(request, WebhookGiven)
    _check_url(given.url)
    webhook = WebhookEndpoint(owner=request.auth, url=given.url, description=given.description)
    secret = webhook.new_secret()
    await sync_to_async(_store)(webhook)
    body = webhook_json(webhook)
    return json_answer(body | {"secret": secret}, 201, {"Location": body["links"]["self"]})


@transaction.atomic
def _store(webhook: WebhookEndpoint) -> None:
    """Raises Problem."""
    # One after the other, or two would both be the last that there is room for.
    get_user_model().objects.select_for_update(no_key=True).get(pk=webhook.owner_id)
    if WebhookEndpoint.objects.filter(owner=webhook.owner_id).count() >= MAX_WEBHOOKS:
        raise Problem(Kind.TOO_MANY_WEBHOOKS, f"You have {MAX_WEBHOOKS} webhooks; delete one first.")
    webhook.save(force_insert=True)


@router.api_operation(
    list(SAFE_METHODS),
    "/webhooks",
    auth=needs(Scope.READ),
    response=WebhooksOut,
    openapi_extra=tells("Link"),
)
async def list_webhooks(request: ApiRequest, page: Query[Page]) -> HttpResponse:
    """Your webhooks, newest first; staff see everybody's."""
    shown, following = await page.of(request, WebhookEndpoint.objects.visible_to(request.auth))
    body = {"webhooks": [webhook_json(webhook) for webhook in shown], "next": following}
    return json_answer(body, headers=link_header(following))


@router.api_operation(
    list(SAFE_METHODS), WEBHOOK, auth=needs(Scope.READ), response=WebhookOut, openapi_extra=refuses(404)
)
async def get_webhook(request: ApiRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook, without its secret."""
    return json_answer(webhook_json(await _find(request, webhook_id)))


@router.patch(
    WEBHOOK,
    auth=needs(Scope.WRITE),
    response=WebhookOut,
    openapi_extra=takes(JSON, WebhookChange.model_json_schema()) | refuses(404, 415),
)
async def change_webhook(request: ApiRequest, webhook_id: UUID) -> HttpResponse:
    """Changes what the body names. Enabled anew, a webhook is told of the jobs that end from then on."""
    await _find(request, webhook_id)
    change = read_json(request, WebhookChange)
    if change.url is not None:
        _check_url(change.url)
    return json_answer(webhook_json(await _changed(request, webhook_id, partial(_apply, change))))


def _apply(change: WebhookChange, webhook: WebhookEndpoint) -> None:
    if change.url is not None:
        webhook.url = change.url
    if change.description is not None:
        webhook.description = change.description
    if change.enabled is True:
        webhook.enable()
    if change.enabled is False and not webhook.disabled_at:
        webhook.disable("Disabled by hand.")


@router.delete(WEBHOOK, auth=needs(Scope.WRITE), response={204: None}, openapi_extra=refuses(404))
async def delete_webhook(request: ApiRequest, webhook_id: UUID) -> HttpResponse:
    """Deletes it with its deliveries; those that wait are not sent."""
    webhook = await _find(request, webhook_id)
    await webhook.adelete()
    return empty_answer()


@router.post(
    f"{WEBHOOK}/secrets",
    auth=needs(Scope.WRITE),
    response={201: WebhookSecretOut},
    openapi_extra=refuses(404),
)
async def change_secret(request: ApiRequest, webhook_id: UUID) -> HttpResponse:
    """Gives it a new secret. For 24 hours each delivery is signed with the one before it too."""
    webhook = await _changed(request, webhook_id, WebhookEndpoint.new_secret)
    return json_answer({"secret": webhook.signing_secrets()[0]}, 201)


@router.api_operation(
    list(SAFE_METHODS),
    DELIVERIES,
    auth=needs(Scope.READ),
    response=DeliveriesOut,
    openapi_extra=tells("Link") | refuses(404),
)
async def list_deliveries(request: ApiRequest, webhook_id: UUID, page: Query[Page]) -> HttpResponse:
    """What it was told and is to be told, newest first, with every try."""
    webhook = await _find(request, webhook_id)
    shown, following = await page.of(request, webhook.deliveries.defer("body"))
    body = {"deliveries": [delivery_json(delivery) for delivery in shown], "next": following}
    return json_answer(body, headers=link_header(following))


@router.post(
    f"{DELIVERIES}/{{uuid:delivery_id}}/redeliveries",
    auth=needs(Scope.WRITE),
    response={202: DeliveryOut},
    openapi_extra=refuses(404, 409),
)
async def redeliver_delivery(request: ApiRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Has a delivery sent once more, now, under the same id, whether it arrived before or not."""
    webhook = await _find(request, webhook_id)
    delivery = await webhook.deliveries.filter(id=delivery_id).afirst()
    if delivery is None:
        raise Problem(Kind.NOT_FOUND, f"That webhook has no delivery {delivery_id}.")
    if webhook.disabled_at:
        raise Problem(Kind.WEBHOOK_DISABLED, "The webhook is disabled; enable it first.")
    await redeliver(delivery)
    return json_answer(delivery_json(delivery), 202)


def webhook_json(webhook: WebhookEndpoint) -> dict[str, Any]:
    here = f"{API}/webhooks/{webhook.id}"
    return {
        "id": str(webhook.id),
        "url": webhook.url,
        "description": webhook.description,
        "enabled": webhook.disabled_at is None,
        "disabled_at": timestamp(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason or None,
        "created_at": timestamp(webhook.created_at),
        "owner": webhook.owner_id,
        "links": {"self": here, "deliveries": f"{here}/deliveries"},
    }


def delivery_json(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": str(delivery.id),
        "type": delivery.event_type,
        "job_id": str(delivery.job_id),
        "status": delivery.status,
        "created_at": timestamp(delivery.created_at),
        "delivered_at": timestamp(delivery.delivered_at),
        "next_try_at": timestamp(delivery.next_try_at),
        "attempts": delivery.attempts,
    }


async def unknown_webhooks(named: Iterable[UUID | None], owner: Any) -> set[UUID]:
    """Those that no job of that owner may name. Staff see the webhooks of others, but can't have them told things."""
    ids = {webhook_id for webhook_id in named if webhook_id}
    if not ids:
        return set()
    own = WebhookEndpoint.objects.filter(id__in=ids, owner=owner).values_list("id", flat=True)
    return ids - {webhook_id async for webhook_id in own}


def unknown_webhook(webhook_id: UUID | None) -> Problem:
    detail = f"There is no webhook {webhook_id} of yours."
    errors = [{"pointer": pointer("webhook"), "detail": detail}]
    return Problem(Kind.UNKNOWN_WEBHOOK, detail, errors=errors)


async def _find(request: ApiRequest, webhook_id: UUID) -> WebhookEndpoint:
    webhook = await WebhookEndpoint.objects.visible_to(request.auth).filter(id=webhook_id).afirst()
    return _existing(webhook, webhook_id)


@sync_to_async
@transaction.atomic
def _changed(
    request: ApiRequest, webhook_id: UUID, change: Callable[[WebhookEndpoint], object]
) -> WebhookEndpoint:
    """Under its lock: at the same moment a worker may disable it, or somebody else change it. Raises Problem."""
    visible = WebhookEndpoint.objects.visible_to(request.auth).select_for_update()
    webhook = _existing(visible.filter(id=webhook_id).first(), webhook_id)
    change(webhook)
    webhook.save()
    return webhook


def _existing(webhook: WebhookEndpoint | None, webhook_id: UUID) -> WebhookEndpoint:
    if webhook is None:
        raise Problem(Kind.NOT_FOUND, f"There is no webhook {webhook_id} of yours.")
    return webhook


def _check_url(given: str) -> None:
    """What can be judged now; where its name leads is judged at each delivery."""
    try:
        check_url(parse_url(given), allowed=settings.WEBHOOK_ALLOWED_HOSTS)
    except UrlRefused as error:
        errors = [{"pointer": pointer("url"), "detail": str(error)}]
        raise Problem(Kind.INVALID_REQUEST, str(error), errors=errors) from error
