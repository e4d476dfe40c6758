"""A job that ends and names a webhook: what that is told is stored with the end, and sent by a job of its own."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone

from jobs.arguments import bind
from jobs.events.shapes import job_json, timestamp
from jobs.lifecycle.enqueue import aenqueue, enqueue, new_job
from jobs.models import Job, WebhookDelivery, WebhookEndpoint
from jobs.models.row import JobRow
from jobs.status import Status
from jobs.task import Task, find_task

#: The task that sends a delivery, by its id.
DELIVER = "jobs.tasks.webhooks.task.deliver"
#: `type` and `source` of an event (CloudEvents 1.0).
TYPE = "handoff.job.{status}"
SOURCE = "/api/v1"


def call_webhooks(jobs: Iterable[Job | JobRow]) -> None:
    """Call it in the transaction that changed these jobs: a crash can't come between an end and its delivery.

    Those that have not ended are passed over, and one that names no webhook costs a look at an attribute.
    """
    if hooked := [job for job in jobs if job.webhook_id and Status(job.status).is_ended]:
        enqueue([_sender(delivery) for delivery in _stored(hooked)])


def _stored(ended: list[Job | JobRow]) -> list[WebhookDelivery]:
    """None for a webhook that was disabled or deleted since."""
    ids = {job.webhook_id for job in ended if job.webhook_id}
    enabled = set(WebhookEndpoint.objects.filter(id__in=ids, disabled_at=None).values_list("id", flat=True))
    told = Job.objects.full().filter(id__in=[job.id for job in ended if job.webhook_id in enabled])
    now = timezone.now()
    return WebhookDelivery.objects.bulk_create([_delivery(job, now) for job in told])


def _delivery(job: Job, now: datetime) -> WebhookDelivery:
    assert job.webhook_id
    delivery = WebhookDelivery(
        endpoint_id=job.webhook_id,
        job=job,
        event_type=TYPE.format(status=job.status),
        created_at=now,
        next_try_at=now,
    )
    delivery.body = msgspec.json.encode(_event(delivery, job)).decode()
    return delivery


def _event(delivery: WebhookDelivery, job: Job) -> dict[str, Any]:
    """In the structured JSON form of CloudEvents. The job is as it was at its end, whatever becomes of it later."""
    return {
        "specversion": "1.0",
        "id": str(delivery.id),
        "source": SOURCE,
        "type": delivery.event_type,
        "subject": str(job.id),
        "time": timestamp(job.finished_at),
        "datacontenttype": "application/json",
        "data": job_json(job),
    }


def _sender(delivery: WebhookDelivery) -> JobRow:
    """Without an owner: who watches his jobs is not told of the telling."""
    return _call(find_task(DELIVER), delivery)


async def redeliver(delivery: WebhookDelivery) -> None:
    """Has it sent once more, now, whether it arrived before or not; a second one while that waits changes nothing."""
    task = find_task(DELIVER).using(max_attempts=1, unique_key=f"again {delivery.id}")
    await aenqueue(_call(task, delivery, again=True))


def _call(task: Task, delivery: WebhookDelivery, **more: Any) -> JobRow:
    return new_job(task, *bind(task, (str(delivery.id),), more))
