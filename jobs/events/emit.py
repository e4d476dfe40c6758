"""Rings the doorbell: tells the watchers of a topic what was just committed."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from operator import attrgetter
from typing import Any

from channels.layers import get_channel_layer

from jobs.broker.client import BROKER_ERRORS, redis
from jobs.events.shapes import event_json
from jobs.events.topics import OPS, group, job_topic, owner_topic
from jobs.models.row import EventRow

logger = logging.getLogger(__name__)

#: Type of the channel-layer message.
MESSAGE = "live.events"
#: After so many events others on the loop have their turn: about a millisecond.
SLICE = 100
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

    May lose some: the log in SQL is the truth, and who sees a gap reads it there.
    """
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            for some in batched(events, SLICE):
                of_topics = _by_topic(some)
                if watched := await _watched(list(of_topics)):
                    await _ring({topic: of_topics[topic] for topic in watched})
    except PUBLISH_ERRORS as error:
        _doorbell.breaks(error)
    else:
        _doorbell.rings()


def _by_topic(events: Iterable[EventRow]) -> dict[str, list[EventRow]]:
    """Who watches queues and workers is only told that something happened."""
    of_topics: dict[str, list[EventRow]] = {}
    for event in events:
        of_topics.setdefault(job_topic(event.job_id), []).append(event)
        if event.owner_id is not None:
            of_topics.setdefault(owner_topic(event.owner_id), []).append(event)
    return {**of_topics, OPS: []}


async def _watched(topics: Sequence[str]) -> list[str]:
    """Those of the topics whose groups anybody has joined: one question for all, as most jobs have no watcher.

    Who joins after the question reads the log after it too, and finds there what is not sent to it.
    """
    answer = await redis().execute_command("PUBSUB", "NUMSUB", *map(_channel, topics))  # type: ignore[no-untyped-call]
    return [topic for topic, count in zip(topics, answer[1::2], strict=True) if count]


async def _ring(of_topics: Mapping[str, list[EventRow]]) -> None:
    """All in one round trip, where the layer's own group_send() takes one each."""
    async with redis().pipeline(transaction=False) as pipeline:
        for topic, events in of_topics.items():
            told = [event_json(event) for event in sorted(events, key=attrgetter("seq"))]
            message = {"type": MESSAGE, "topic": topic, "events": told}
            pipeline.publish(_channel(topic), _layer().serialize(message))
        await pipeline.execute()


def _channel(topic: str) -> str:
    """The Redis channel of a topic's group, as RedisPubSubChannelLayer names it."""
    return f"{_layer().prefix}__group__{group(topic)}"


def _layer() -> Any:
    layer = get_channel_layer()
    assert layer is not None, "settings.CHANNEL_LAYERS has no 'default'"
    return layer
