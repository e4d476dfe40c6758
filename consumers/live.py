"""The live socket: a snapshot of a job, then every later event, in order and without gaps."""

import asyncio
import contextlib
from typing import Any

import msgspec
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from consumers import protocol
from consumers.protocol import BadFrame, Close, Ping, Subscribe, Unsubscribe
from consumers.subscription import Subscription, find_job
from jobs.events.topics import group

#: A message that the channel layer lost is noticed after so long at the latest.
TAIL_CHECK_SECONDS = 4.0


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket; it watches any number of topics up to protocol.MAX_SUBSCRIPTIONS."""

    async def connect(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.tail = asyncio.create_task(self.check_tails())
        offered = protocol.SUBPROTOCOL in self.scope["subprotocols"]
        await self.accept(protocol.SUBPROTOCOL if offered else None)
        if not self.scope["user"].is_authenticated:
            await self.close(Close.NOT_SIGNED_IN)

    async def disconnect(self, code: int) -> None:
        self.tail.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.tail
        for topic in list(self.subscriptions):
            await self.unsubscribe(topic)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            frame = protocol.decode(text_data)
        except BadFrame as error:
            await self.say({"type": "error", "code": "bad_frame", "detail": str(error)})
            await self.close(Close.BAD_FRAME)
            return
        match frame:
            case Subscribe(topic=topic, after=after):
                await self.subscribe(topic, after)
            case Unsubscribe(topic=topic):
                await self.unsubscribe(topic)
            case Ping():
                await self.say({"type": "pong"})

    async def subscribe(self, topic: str, after: int | None) -> None:
        """Joins before it reads, so that nothing falls between the snapshot and the first live event."""
        if len(self.subscriptions) >= protocol.MAX_SUBSCRIPTIONS and topic not in self.subscriptions:
            await self.close(Close.TOO_MANY)
            return
        job = await database_sync_to_async(find_job)(topic, self.scope["user"])
        if job is None:
            await self.say(
                {"type": "error", "code": "not_found", "detail": f"There is no topic {topic!r} for you."}
            )
            return
        await self.channel_layer.group_add(group(topic), self.channel_name)
        self.subscriptions[topic] = subscription = Subscription(topic, job.id)
        for message in await database_sync_to_async(subscription.begin)(after):
            await self.say(message)

    async def unsubscribe(self, topic: str) -> None:
        if self.subscriptions.pop(topic, None):
            await self.channel_layer.group_discard(group(topic), self.channel_name)

    async def live_events(self, message: dict[str, Any]) -> None:
        """The doorbell: events of one job, as jobs.events.emit sends them."""
        subscription = self.subscriptions.get(f"job:{message['events'][0]['job_id']}")
        if subscription is None:
            return
        for fresh in subscription.take(message["events"]):
            await self.say(fresh)
        if subscription.has_gap:
            await self.catch_up(subscription)

    async def catch_up(self, subscription: Subscription) -> None:
        for missed in await database_sync_to_async(subscription.read_log)():
            await self.say(missed)

    async def check_tails(self) -> None:
        """A gap shows only when the next event comes; this finds the loss of the last one."""
        while True:
            await asyncio.sleep(TAIL_CHECK_SECONDS)
            for subscription in [one for one in self.subscriptions.values() if not one.has_ended]:
                await self.catch_up(subscription)

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(msgspec.json.encode(message).decode())
