"""Which socket is where, and who may open it."""

from consumers.access import deny, guarded, identified
from consumers.asgi import Receive, Scope, Send
from consumers.asyncapi import ADDRESS
from consumers.live import LiveConsumer

live = guarded(identified(LiveConsumer.as_asgi()))


async def sockets(scope: Scope, receive: Receive, send: Send) -> None:
    """In place of Channels' router, whose copy of the scope is kept for as long as the socket is open."""
    application = live if scope["path"] == ADDRESS else deny
    await application(scope, receive, send)
