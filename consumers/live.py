"""The live socket: a snapshot of each topic, then every later event, in order and without gaps."""

import asyncio
import contextlib
import logging
from typing import NoReturn

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from consumers import protocol
from consumers.asgi import Receive, Scope, Send
from consumers.protocol import BadFrame, Close, Ping, Subscribe, Unsubscribe
from jobs.live.hub import Ending, TooMany
from jobs.live.listener import Ended, Listener, Unavailable
from jobs.live.messages import Message, error_message
from jobs.live.rate import Allowance

logger = logging.getLogger(__name__)

#: How long a client may take to make room for the next message.
SEND_SECONDS = 10.0
#: The same for the frame that says why it is sent away.
CLOSE_SECONDS = 1.0

PONG = Message.of({"type": "pong"})
CLOSE_CODES = {Ending.ACCESS_LOST: Close.NOT_SIGNED_IN, Ending.SHUTDOWN: Close.RESTART}


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket: a listener whose topics the client chooses."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """In place of Channels' own, which fails while Redis is away, queues without a limit, and goes to the thread of
        the database and back for each frame."""
        self.scope, self.base_send = scope, send
        self.allowance = Allowance(protocol.MAX_FRAMES, protocol.FRAMES_PER_SECOND)
        with contextlib.suppress(StopConsumer):
            await receive()
            offered = protocol.SUBPROTOCOL in scope["subprotocols"]
            await self.accept(protocol.SUBPROTOCOL if offered else None)
            try:
                async with Listener(scope["access"]) as self.listener:
                    await self.converse(receive)
            except TooMany:
                await self.hang_up(Close.TOO_MANY)

    async def converse(self, receive: Receive) -> None:
        """Until either end hangs up."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.tell())
            await self.listen(receive)

    async def listen(self, receive: Receive) -> NoReturn:
        while True:
            match await receive():
                case {"type": "websocket.receive", "text": str(text)}:
                    await self.take(text)
                case {"type": "websocket.receive"}:
                    await self.take(None)
                case {"type": "websocket.disconnect"}:
                    raise StopConsumer

    async def take(self, text: str | None) -> None:
        """A frame; None stands for a binary one."""
        if not self.allowance.take():
            await self.hang_up(Close.TOO_MANY)
        try:
            frame = protocol.decode(text)
        except BadFrame as error:
            await self.say(error_message("bad_frame", str(error)))
            await self.hang_up(Close.BAD_FRAME)
        match frame:
            case Subscribe(topic=topic, after=after):
                await self.subscribe(topic, after)
            case Unsubscribe(topic=topic):
                self.listener.leave(topic)
            case Ping():
                self.listener.say(PONG)

    async def subscribe(self, topic: str, after: int | None) -> None:
        if self.listener.topics >= protocol.MAX_SUBSCRIPTIONS and not self.listener.is_watching(topic):
            await self.hang_up(Close.TOO_MANY)
        self.listener.watch(topic, after)

    async def tell(self) -> None:
        try:
            while True:
                await self.say(await anext(self.listener))  # by no name, which would keep the last one
        except Ended as end:
            await self.hang_up(CLOSE_CODES[end.why])
        except Unavailable as error:
            logger.warning("A socket is closed, as a job cannot be read: %r", error.__cause__)
            await self.say(error_message("unavailable", str(error)))
            await self.hang_up(Close.TRY_AGAIN)

    async def say(self, message: Message) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.base_send({"type": "websocket.send", "text": message.text})
        except OSError:  # time is up, or the client is gone
            await self.hang_up(Close.TOO_SLOW)

    async def hang_up(self, code: Close) -> NoReturn:
        """Nothing that comes after is taken. Who does not even take the close is left to the server."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.close(code)
        raise StopConsumer
