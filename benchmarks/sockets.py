"""Sockets that cost next to nothing, so that what is measured is the server: RFC 6455, no extensions, short frames."""

import asyncio
import json
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

HANDSHAKE = (
    "GET /ws/v1/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
    "Sec-WebSocket-Protocol: handoff.v1\r\n\r\n"
)
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
#: How long anything may take.
LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Told:
    message: dict[str, Any]
    #: By time.perf_counter(), and by the clock.
    arrived: float
    arrived_at: float


class LiveSocket(asyncio.Protocol):
    """A client of the live socket. Messages wait until somebody asks for them."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.transport: asyncio.Transport
        self._data = b""
        self.is_open = asyncio.get_running_loop().create_future()
        self._told: asyncio.Queue[Told | None] = asyncio.Queue()

    @classmethod
    async def open(cls, port: int, token: str) -> Self:
        """Raises ConnectionError when it is refused."""
        async with asyncio.timeout(LIMIT_SECONDS):
            loop = asyncio.get_running_loop()
            _, socket = await loop.create_connection(lambda: cls(token), "127.0.0.1", port)
            await socket.is_open
            return socket

    async def subscribe(self, topic: str, after: int | None = None) -> None:
        """Returns with the snapshot; at once if `after` is given."""
        more = {} if after is None else {"after": after}
        self._send(TEXT, json.dumps({"type": "subscribe", "topic": topic, **more}).encode())
        if after is None:
            await self.until(lambda told: told["type"] == "snapshot" and told["topic"] == topic)

    async def until(self, fits: Callable[[dict[str, Any]], bool]) -> Told:
        """The next message that fits; those before are dropped. Raises ConnectionError when the socket closes."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while (told := await self._told.get()) is not None:
                if fits(told.message):
                    return told
        raise ConnectionError("the server closed the socket")

    def close(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(HANDSHAKE.format(token=self.token).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._told.put_nowait(None)
        if not self.is_open.done():
            self.is_open.set_exception(ConnectionError("the server refused the socket"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self.is_open.done():
            head, end, self._data = self._data.partition(b"\r\n\r\n")
            if not end:
                self._data = head
                return
            if b" 101 " not in head:
                self.transport.abort()
                return
            self.is_open.set_result(None)
        while self._take_frame():
            pass

    def _take_frame(self) -> bool:
        """Whether there was a whole one. The server's are neither masked nor in pieces."""
        if len(self._data) < 2:
            return False
        opcode, length, start = self._data[0] & 15, self._data[1], 2
        if length >= 126:
            size = {126: 2, 127: 8}[length]
            if len(self._data) < 2 + size:
                return False
            length, start = int.from_bytes(self._data[2 : 2 + size]), 2 + size
        if len(self._data) < start + length:
            return False
        payload, self._data = self._data[start : start + length], self._data[start + length :]
        if opcode == TEXT:
            self._told.put_nowait(Told(json.loads(payload), time.perf_counter(), time.time()))
        elif opcode == PING:
            self._send(PONG, payload)
        elif opcode == CLOSE:
            self.transport.abort()
        return True

    def _send(self, opcode: int, payload: bytes) -> None:
        """Masked, as a client must, with a mask that changes nothing."""
        length = len(payload)
        head = (
            bytes([128 | opcode, 128 | length])
            if length < 126
            else struct.pack("!BBH", 128 | opcode, 254, length)
        )
        self.transport.write(head + bytes(4) + payload)


def rss_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123
        [line] = [line for line in status if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
