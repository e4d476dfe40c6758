"""What the operator sets for a queue: paused or not."""

from functools import partial

from django.db import transaction
from django.tasks import task_backends
from django.utils import timezone

from jobs.broker import pauses
from jobs.conf import ALIAS
from jobs.errors import UnknownQueue
from jobs.lifecycle.audit import CODE, By, record_queue
from jobs.lifecycle.commit import awrite_then_tell, write_then_tell
from jobs.models import Action, Queue


def pause(name: str, *, by: By = CODE) -> Queue:
    """Within a second no worker starts a job of the queue; jobs are accepted, and those that run go on.

    Safe to repeat. Raises UnknownQueue.
    """
    return write_then_tell(partial(_pause, name, by), _tell_pause)


async def apause(name: str, *, by: By = CODE) -> Queue:
    """See pause()."""
    return await awrite_then_tell(partial(_pause, name, by), _tell_pause)


def resume(name: str, *, by: By = CODE) -> Queue:
    """Within a second workers start what waits in the queue. Safe to repeat. Raises UnknownQueue."""
    return write_then_tell(partial(_resume, name, by), _tell_resume)


async def aresume(name: str, *, by: By = CODE) -> Queue:
    """See resume()."""
    return await awrite_then_tell(partial(_resume, name, by), _tell_resume)


def paused() -> list[str]:
    """Names of the paused queues."""
    return list(Queue.objects.filter(paused_at__isnull=False).values_list("name", flat=True))


def declared() -> list[str]:
    """Names of the queues that there are."""
    return sorted(task_backends[ALIAS].queues)


@transaction.atomic
def _pause(name: str, by: By) -> Queue:
    _check(name)
    now = timezone.now()
    queue, _ = Queue.objects.get_or_create(name=name)
    # Who pauses it again does not change since when.
    Queue.objects.filter(name=name, paused_at=None).update(paused_at=now)
    record_queue(by, Action.PAUSE, name, now=now)
    queue.refresh_from_db()
    return queue


@transaction.atomic
def _resume(name: str, by: By) -> Queue:
    _check(name)
    queue, _ = Queue.objects.update_or_create(name=name, defaults={"paused_at": None})
    record_queue(by, Action.RESUME, name, now=timezone.now())
    return queue


def _check(name: str) -> None:
    if name not in declared():
        raise UnknownQueue(f"There is no queue {name!r}; expected one of: {', '.join(declared())}.")


async def _tell_pause(queue: Queue) -> None:
    await pauses.pause(queue.name)


async def _tell_resume(queue: Queue) -> None:
    await pauses.resume(queue.name)
