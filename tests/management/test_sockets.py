"""A real client that stops reading, at a real server."""

import asyncio
import base64
import socket

import pytest
import uvicorn

from jobs.management import sockets
from jobs.management.commands.web import configuration


async def flood(scope, receive, send):
    """Sends more than the network takes, and gives up as the live socket does."""
    await send({"type": "websocket.accept"})
    try:
        async with asyncio.timeout(0.5):
            while True:
                await send({"type": "websocket.send", "text": "x" * 100_000})
    except TimeoutError:
        pass


async def pour(scope, receive, send):
    """Answers with more than the network takes, and does not give up."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(500):
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})


async def stuff(scope, receive, send):
    """A socket whose application does not give up."""
    await send({"type": "websocket.accept"})
    while True:
        await send({"type": "websocket.send", "text": "x" * 100_000})


HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(b'x' * 16).decode()}\r\n"
)


@pytest.mark.parametrize(
    "application, limit, headers",
    [
        (flood, "ABORT_AFTER_SECONDS", HANDSHAKE),
        (stuff, "STALLED_SECONDS", HANDSHAKE),
        (pour, "STALLED_SECONDS", ""),
    ],
)
async def test_a_client_that_stops_reading_loses_its_connection(monkeypatch, application, limit, headers):
    monkeypatch.setattr(sockets, limit, 0.2)
    config = configuration()
    config.app, config.lifespan = application, "off"
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server._serve(sockets=[listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1024)
    writer.write(f"GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    assert (b"101" if headers else b"200") in await reader.readline()
    await until(lambda: server.server_state.connections)
    await until(lambda: not server.server_state.connections)
    writer.transport.abort()
    server.should_exit = True
    await serving


async def until(happened):
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(0.01)
