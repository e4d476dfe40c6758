"""A TCP proxy in front of a server, with which the network between can be cut, slowed down or made silent."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from struct import pack
from typing import Any, Self

CHUNK_BYTES = 64 * 1024
#: What the thread that a call comes from waits for the proxy's.
CALL_SECONDS = 10.0


class Way(Enum):
    """What becomes of new connections."""

    OPEN = auto()
    #: Taken and reset at once.
    CUT = auto()
    #: Taken, and never answered.
    SILENT = auto()


class Proxy:
    """Listens on a port of this machine, in a thread of its own; every method may be called from any other."""

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxy")
        self._links: set[_Link] = set()
        self.way = Way.OPEN
        #: Added to each chunk on its way.
        self.lag_seconds = 0.0
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    def cut(self) -> None:
        """Resets every connection; new ones too, until `heal()`."""
        self._call(self._each(_Link.reset, Way.CUT))

    def silence(self) -> None:
        """From now on nothing comes through, and no end is told, until `heal()`.

        As in a network that lost its way: the connections of that time stay silent for good, and the server drops
        its ends of them when the network is back.
        """
        self._call(self._each(_Link.silence, Way.SILENT))

    def heal(self) -> None:
        self.lag_seconds = 0.0
        self._call(self._each(_Link.forget, Way.OPEN))

    async def _each(self, change: Callable[["_Link"], None], way: Way) -> None:
        self.way = way
        for link in list(self._links):
            change(link)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.way == Way.CUT:
            _reset(writer)
            return
        link = _Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.carry(self._upstream)
        finally:
            self._links.discard(link)

    async def _close(self) -> None:
        self._server.close()
        for link in list(self._links):
            link.reset()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _call[R](self, call: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(CALL_SECONDS)


class _Link:
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._is_silent = proxy.way == Way.SILENT

    async def carry(self, upstream: Path) -> None:
        """Until either side ends."""
        if not self._is_silent:
            try:
                self._server = await asyncio.open_unix_connection(str(upstream))
            except OSError:
                _reset(self._client[1])
                return
            pumps = [
                self._pump(self._client[0], self._server[1]),
                self._pump(self._server[0], self._client[1]),
            ]
            await _first_of(pumps)
        if self._is_silent:
            await _end_of(self._client[0])
        self.reset()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while (chunk := await reader.read(CHUNK_BYTES)) and not self._is_silent:
                if self._proxy.lag_seconds:
                    await asyncio.sleep(self._proxy.lag_seconds)
                writer.write(chunk)
                await writer.drain()

    def silence(self) -> None:
        self._is_silent = True

    def forget(self) -> None:
        """The network is back, and the server finds that this connection is none any more."""
        if self._is_silent and self._server:
            _reset(self._server[1])

    def reset(self) -> None:
        for _, writer in filter(None, (self._client, self._server)):
            _reset(writer)


async def _first_of(calls: list[Coroutine[Any, Any, None]]) -> None:
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Swallows what the client says until it gives up."""
    with suppress(OSError):
        while await reader.read(CHUNK_BYTES):
            pass


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends it as a broken network does, not with a farewell."""
    connection: Any = writer.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_INET:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    writer.transport.abort()
