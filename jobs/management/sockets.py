"""uvicorn's end of a connection, with an end for clients that do not read."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

#: How long a client may read nothing while more waits for it than the network takes.
STALLED_SECONDS = 30.0
#: How long it may take what was already sent, once the application is done with it.
ABORT_AFTER_SECONDS = 5.0


class Impatient:
    """Aborts a connection that has stalled: closing it would wait for all to be sent."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._forgive()
        super().resume_writing()  # type: ignore[misc]

    def connection_lost(self, exc: Exception | None) -> None:
        self._forgive()
        super().connection_lost(exc)  # type: ignore[misc]

    def _forgive(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None


class HttpProtocol(Impatient, HttpToolsProtocol):
    pass


class SocketProtocol(Impatient, WebSocketsSansIOProtocol):
    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(ABORT_AFTER_SECONDS, self.transport.abort)

    def handle_ping(self) -> None:
        """Who reads no answers gets none: they would pile up without end."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.transport.abort()
