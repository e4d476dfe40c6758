"""uvicorn's end of a socket, with an end for clients that do not read."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

#: How long a client may take what was already sent, once the application is done with it.
ABORT_AFTER_SECONDS = 5.0


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn closes a connection once all is sent, which never comes when the other end has stopped reading."""

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(ABORT_AFTER_SECONDS, self.transport.abort)
