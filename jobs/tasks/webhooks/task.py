"""Sends one delivery, again and again over hours until its endpoint says that it has heard."""

import random
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.tasks import task
from django.utils import timezone

from jobs import Cancel, JobContext, JobError, Retry
from jobs.models import WebhookDelivery
from jobs.rules.retry import spread
from jobs.tasks.webhooks import rows
from jobs.tasks.webhooks.sending import Try, send

#: After the first try that failed, after the second, …: eight tries in about 18 hours.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
MAX_TRIES = len(PAUSES) + 1

_rng = random.Random()


class NotHeard(JobError):
    """The webhook did not answer as one that has heard."""


@task(takes_context=True, max_attempts=MAX_TRIES, timeout=timedelta(minutes=1))
async def deliver(context: JobContext, delivery_id: str, *, again: bool = False) -> dict[str, Any]:
    """Tell a webhook that a job has ended.

    `again`: one try that somebody asked for, next to those that the schedule still has.
    """
    delivery = await sync_to_async(rows.find)(delivery_id)
    if delivery is None:
        raise Cancel("The webhook was deleted, or the job that it was to hear of.")
    if delivery.delivered_at and not again:
        return {"delivered": True}
    if delivery.endpoint.disabled_at:
        await sync_to_async(rows.give_up)(delivery)
        raise Cancel("The webhook is disabled.")
    done = await send(delivery, allowed=settings.WEBHOOK_ALLOWED_HOSTS)
    if again:
        await sync_to_async(rows.record)(delivery, done, next_try_at=delivery.next_try_at)
        return _heard(done)
    return await _follow_schedule(context, delivery, done)


async def _follow_schedule(context: JobContext, delivery: WebhookDelivery, done: Try) -> dict[str, Any]:
    """The outcome is written before the job ends: should the worker die in between, the endpoint hears twice."""
    if done.is_heard or done.is_gone or context.attempt == context.max_attempts:
        await sync_to_async(rows.record)(delivery, done, next_try_at=None)
        return _heard(done)
    pause = spread(PAUSES[context.attempt - 1], _rng)
    await sync_to_async(rows.record)(delivery, done, next_try_at=timezone.now() + pause)
    raise Retry(done.told, after=pause)


def _heard(done: Try) -> dict[str, Any]:
    if not done.is_heard:
        raise NotHeard(done.told)
    return {"delivered": True}
