"""The live socket: a snapshot of a job, then every later event, in order and without gaps."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import msgspec
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.db import InterfaceError, OperationalError

from consumers import protocol
from consumers.doorbell import Doorbell
from consumers.protocol import BadFrame, Close, Ping, Subscribe, Unsubscribe
from consumers.subscription import Subscription, find_job
from jobs.events import log
from jobs.events.topics import group, job_topic
from jobs.models import Job

logger = logging.getLogger(__name__)

#: A message that the channel layer lost is noticed after so long at the latest.
TAIL_CHECK_SECONDS = 4.0
#: How long a client may take to make room for the next message.
SEND_SECONDS = 10.0
#: The same for the frame that says why it is sent away.
CLOSE_SECONDS = 1.0

STORE_ERRORS = (OperationalError, InterfaceError)


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket; it watches any number of topics up to protocol.MAX_SUBSCRIPTIONS.

    Frames, messages of the channel layer and tail checks are taken one after the other, each to its end. That alone
    keeps events in order, and a snapshot before them.
    """

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """In place of Channels' own, which fails while Redis is away and stays in its groups when a send fails."""
        self.scope, self.base_send = scope, send
        self.subscriptions: dict[str, Subscription] = {}
        self.is_store_away = False
        self.doorbell = Doorbell()
        try:
            await await_many_dispatch([receive, self.doorbell.next_ring, tail_check], self.dispatch)
        except StopConsumer:
            pass
        finally:
            await self.doorbell.close()

    async def connect(self) -> None:
        offered = protocol.SUBPROTOCOL in self.scope["subprotocols"]
        await self.accept(protocol.SUBPROTOCOL if offered else None)
        if not self.scope["user"].is_authenticated:
            await self.hang_up(Close.NOT_SIGNED_IN)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            frame = protocol.decode(text_data)
        except BadFrame as error:
            await self.say_error("bad_frame", str(error))
            await self.hang_up(Close.BAD_FRAME)
        match frame:
            case Subscribe(topic=topic, after=after):
                await self.subscribe(topic, after)
            case Unsubscribe(topic=topic):
                await self.unsubscribe(topic)
            case Ping():
                await self.say({"type": "pong"})

    async def subscribe(self, topic: str, after: int | None) -> None:
        if len(self.subscriptions) >= protocol.MAX_SUBSCRIPTIONS and topic not in self.subscriptions:
            await self.hang_up(Close.TOO_MANY)
        try:
            await self.begin(topic, after)
        except Job.DoesNotExist:
            await self.unsubscribe(topic)
            await self.say_error("not_found", f"There is no topic {topic!r} for you.")
        except STORE_ERRORS as error:
            logger.warning("A socket is closed, as its job cannot be read: %r", error)
            await self.say_error("unavailable", "The database is away; try again in a moment.")
            await self.hang_up(Close.TRY_AGAIN)

    async def begin(self, topic: str, after: int | None) -> None:
        """Joins before it reads, so that nothing falls between the snapshot and the first live event."""
        job_id = await database_sync_to_async(find_job)(topic, self.scope["user"])
        self.subscriptions[topic] = subscription = Subscription(topic, job_id)
        await self.doorbell.join(group(topic))
        first = await database_sync_to_async(subscription.begin)(after)
        if first:
            await self.say(first)
        else:
            await self.catch_up(subscription)

    async def unsubscribe(self, topic: str) -> None:
        if self.subscriptions.pop(topic, None):
            await self.doorbell.leave(group(topic))

    async def live_events(self, message: dict[str, Any]) -> None:
        """The doorbell: events of one job, as jobs.events.emit sends them."""
        subscription = self.subscriptions.get(job_topic(message["events"][0]["job_id"]))
        if subscription is None:
            return
        for event in message["events"]:
            if event["seq"] > subscription.seq + 1:  # one between was lost
                await self.catch_up(subscription)
            if event["seq"] == subscription.seq + 1:
                await self.say(subscription.tell(event))

    async def fell_behind(self, _: dict[str, Any]) -> None:
        """Messages were dropped, as the client takes them too slowly."""
        await self.catch_up(*self.subscriptions.values())

    async def tail_check(self, _: dict[str, Any]) -> None:
        """A gap shows only when the next event comes; this finds the loss of the last one."""
        late = await self.doorbell.join_missing()
        open_ones = [
            one for one in self.subscriptions.values() if not one.has_ended or group(one.topic) in late
        ]
        await self.catch_up(*open_ones)

    async def catch_up(self, *subscriptions: Subscription) -> None:
        """Tells what the log has beyond the last events told. If the database is away, a later check does."""
        try:
            for subscription in subscriptions:
                await self.replay(subscription)
        except STORE_ERRORS as error:
            if not self.is_store_away:
                logger.warning("Events cannot be read for a socket, it waits: %r", error)
            self.is_store_away = True
        else:
            self.is_store_away = False

    async def replay(self, subscription: Subscription) -> None:
        page_size = log.MAX_PAGE
        while page_size == log.MAX_PAGE:
            page = await database_sync_to_async(subscription.read_log)()
            for event in page:
                await self.say(subscription.tell(event))
            page_size = len(page)

    async def say_error(self, code: str, detail: str) -> None:
        await self.say({"type": "error", "code": code, "detail": detail})

    async def say(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(msgspec.json.encode(message).decode())
        except TimeoutError:
            await self.hang_up(Close.TOO_SLOW)

    async def hang_up(self, code: Close) -> NoReturn:
        """Nothing that comes after is taken. Who does not even take the close is left to the server."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.close(code)
        raise StopConsumer


async def tail_check() -> dict[str, str]:
    await asyncio.sleep(TAIL_CHECK_SECONDS)
    return {"type": "tail.check"}
