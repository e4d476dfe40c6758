"""Queues and workers as JSON: the one form in which HTTP, sockets and pages show them."""

from typing import Any

from django.tasks import task_backends

from jobs.broker import counts, workers
from jobs.broker.client import BROKER_ERRORS
from jobs.broker.counts import Counts
from jobs.broker.workers import Alive
from jobs.conf import ALIAS, QueueOptions, options
from jobs.errors import BrokerUnavailable
from jobs.events.shapes import timestamp
from jobs.models import Queue


async def system_state() -> dict[str, Any]:
    """`{"queues": […], "workers": […]}`: three commands, and one a queue. Raises BrokerUnavailable."""
    return {"queues": await queues_json(), "workers": await workers_json()}


async def queues_json() -> list[dict[str, Any]]:
    """The declared queues by name. Raises BrokerUnavailable."""
    names = sorted(task_backends[ALIAS].queues)
    rows = {queue.name: queue async for queue in Queue.objects.all()}
    try:
        found = await counts.count(names)
    except BROKER_ERRORS as error:
        raise BrokerUnavailable from error
    return [_queue_json(name, found[name], rows.get(name)) for name in names]


def _queue_json(name: str, found: Counts, queue: Queue | None) -> dict[str, Any]:
    share = options().queues.get(name, QueueOptions())
    return {
        "name": name,
        "ready": found.ready,
        "deferred": found.deferred,
        "running": found.running,
        "paused_at": timestamp(queue.paused_at) if queue else None,
        "weight": share.weight,
        "max_slots": share.max_slots,
    }


async def workers_json() -> list[dict[str, Any]]:
    """The workers that live, by id. Raises BrokerUnavailable."""
    try:
        found = await workers.alive()
    except BROKER_ERRORS as error:
        raise BrokerUnavailable from error
    return [_worker_json(worker) for worker in found]


def _worker_json(worker: Alive) -> dict[str, Any]:
    return {"id": worker.worker_id, **worker.facts, "last_seen_at": timestamp(worker.last_seen_at)}
