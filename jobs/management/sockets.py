"""uvicorn's end of a connection, with an end for clients that do not read."""

import asyncio
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from jobs.live.rate import Allowance

#: How long a client may take to say what it wants, up to the end of the headers.
REQUEST_SECONDS = 10.0
#: How long a client may read nothing while more waits for it than the network takes.
STALLED_SECONDS = 30.0
#: How long it may take what was already sent, once the application is done with it.
ABORT_AFTER_SECONDS = 5.0
#: Pings, pongs and fragments that a client may send at once, and how many a second after that.
MAX_FRAMES = 300
FRAMES_PER_SECOND = 20.0
#: The close code for who sends more.
TOO_MANY = 4429
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


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
    """Does not wait without end for who has connected and says nothing, or half of a request."""

    _unasked: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()

    def on_message_begin(self) -> None:
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._expect_nothing()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        """Between two requests, uvicorn itself ends a connection that is silent."""
        self._expect_nothing()
        self._unasked = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._unasked:
            self._unasked.cancel()
            self._unasked = None


class SocketProtocol(Impatient, WebSocketsSansIOProtocol):
    """Refuses quietly what uvicorn would log a traceback of, or take without end."""

    #: Some of uvicorn's: Python keeps up to 30 attributes in the object, and more in a dict of 1.5 KB for each socket.
    __slots__ = (
        "_allowance", "last_ping_rtt", "pending_ping_payload", "ping_interval", "ping_sent_at", "ping_timeout",
        "ping_timer", "pong_timer", "request", "response", "scope",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allowance = Allowance(MAX_FRAMES, FRAMES_PER_SECOND)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Headers may be too long, or too many, for what reads the handshake; uvicorn would wait for another one.
        if self.conn.handshake_exc and not self.handshake_initiated:
            self.transport.write(BAD_REQUEST)
            self.transport.close()

    def start_keepalive(self) -> None:
        """Called once the handshake is done: what it was made of is not kept for as long as the socket is open."""
        self.request.headers.clear()  # the parser has it too
        del self.request, self.response
        self.scope["headers"].clear()  # type: ignore[attr-defined]  # every layer's copy of the scope has the same list
        super().start_keepalive()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(ABORT_AFTER_SECONDS, self.transport.abort)

    async def send(self, message: ASGISendEvent) -> None:
        """The application learns last that its client was cut off."""
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def handle_ping(self) -> None:
        """Who reads no answers gets none: they would pile up without end."""
        if not self.writable.is_set():
            self.transport.abort()
        elif self._is_allowed():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._is_allowed():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Empty fragments stay below every limit of size."""
        if self._is_allowed():
            super().handle_cont(event)

    def _is_allowed(self) -> bool:
        """Messages are counted by the application, and other frames here."""
        if not self.close_sent and not self._allowance.take():
            self._refuse(TOO_MANY)
        return not self.close_sent

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._refuse(CloseCode.INVALID_DATA)
        else:
            super().send_receive_event_to_app()

    def _refuse(self, code: int) -> None:
        self.conn.fail(code)
        self.handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """Who has not answered a ping takes no close either."""
        self.transport.abort()


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
