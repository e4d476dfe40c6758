"""Rings the doorbell: tells the watchers of a job what was just committed."""

import logging
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from channels.layers import get_channel_layer

from jobs.broker.client import BROKER_ERRORS
from jobs.events.shapes import event_json
from jobs.events.topics import group, job_topic
from jobs.models import Event

logger = logging.getLogger(__name__)

#: Type of the channel-layer message; Channels turns the dot into an underscore to find the consumer's method.
MESSAGE = "live.events"


async def publish(events: Iterable[Event]) -> None:
    """Sends committed events to their topics.

    May lose some: the log in SQL is the truth, and a consumer that sees a gap reads it there.
    """
    layer = get_channel_layer()
    assert layer is not None, "settings.CHANNEL_LAYERS has no 'default'"
    for job_id, of_job in groupby(sorted(events, key=attrgetter("job_id", "seq")), key=attrgetter("job_id")):
        message = {"type": MESSAGE, "events": [event_json(event) for event in of_job]}
        try:
            await layer.group_send(group(job_topic(job_id)), message)
        except BROKER_ERRORS as error:
            logger.warning("Events were not published, watchers will read them from the log: %r", error)
            return
