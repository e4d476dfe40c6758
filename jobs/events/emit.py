"""Rings the doorbell: tells the watchers of a job what was just committed."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import batched
from operator import attrgetter
from typing import Any

from channels.layers import get_channel_layer

from jobs.broker.client import BROKER_ERRORS, redis
from jobs.events.shapes import event_json
from jobs.events.topics import group, job_topic
from jobs.models.row import EventRow

logger = logging.getLogger(__name__)

#: Type of the channel-layer message; Channels turns the dot into an underscore to find the consumer's method.
MESSAGE = "live.events"
#: Topics that one question to Redis may name.
MAX_BATCH = 500
#: The layer has connections of its own, and RuntimeError is what uvloop raises when one has just been closed.
PUBLISH_ERRORS = (*BROKER_ERRORS, RuntimeError)
#: Publishing holds up whoever publishes no longer than this.
TIMEOUT_SECONDS = 3.0


class _Doorbell:
    """Says once that it is broken, however often it is rung."""

    is_broken = False

    def breaks(self, error: Exception) -> None:
        if not self.is_broken:
            logger.warning("Events are not published, watchers read them from the log meanwhile: %r", error)
        self.is_broken = True

    def rings(self) -> None:
        self.is_broken = False


_doorbell = _Doorbell()


async def publish(events: Iterable[EventRow]) -> None:
    """Sends committed events to their topics, if somebody watches them.

    May lose some: the log in SQL is the truth, and a consumer that sees a gap reads it there.
    """
    of_groups: dict[str, list[EventRow]] = {}
    for event in events:
        of_groups.setdefault(group(job_topic(event.job_id)), []).append(event)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            for names in batched(of_groups, MAX_BATCH):
                for name in await _watched(names):
                    told = sorted(of_groups[name], key=attrgetter("seq"))
                    message = {"type": MESSAGE, "events": [event_json(event) for event in told]}
                    await _layer().group_send(name, message)
    except PUBLISH_ERRORS as error:
        _doorbell.breaks(error)
    else:
        _doorbell.rings()


async def _watched(names: Sequence[str]) -> list[str]:
    """Those of the groups that anybody has joined: one question for all, as most jobs have no watcher.

    Who joins after the question reads the log after it too, and finds there what is not sent to it.
    """
    prefix = _layer().prefix
    command: list[Any] = ["PUBSUB", "NUMSUB", *(f"{prefix}__group__{name}" for name in names)]
    answer = await redis().execute_command(*command)  # type: ignore[no-untyped-call]
    return [name for name, count in zip(names, answer[1::2], strict=True) if count]


def _layer() -> Any:
    layer = get_channel_layer()
    assert layer is not None, "settings.CHANNEL_LAYERS has no 'default'"
    return layer
