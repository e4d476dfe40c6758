"""Whatever a client says on a real socket, at a real server: the right close code, nothing in the log, nothing kept."""

import asyncio
import gc
import json
import socket
import struct
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID

import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone
from websockets.datastructures import Headers

from consumers import live
from jobs.lifecycle.start import start
from jobs.lifecycle.tell import Said, tell
from jobs.live import hub, listener
from jobs.management import sockets
from jobs.management.commands.web import MAX_FRAME_BYTES, configuration
from jobs.models import ApiToken, EventKind, Scope
from tests.consumers.steps import do, until
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x01\x02\x03\x04"


def frame(opcode, payload=b"", *, fin=True, flags=0, masked=True):
    """As RFC 6455 wants it, or not."""
    size = len(payload)
    head = struct.pack("!B", (0x80 if fin else 0) | flags | opcode)
    bit = 0x80 if masked else 0
    if size < 126:
        head += struct.pack("!B", bit | size)
    elif size < 65536:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    return head + MASK + bytes(b ^ MASK[i % 4] for i, b in enumerate(payload)) if masked else head + payload


def said(**body):
    return frame(TEXT, json.dumps(body).encode())


SAID_PING = said(type="ping")
OVER_LIMIT = b" " * (MAX_FRAME_BYTES + 1)

#: What is sent at a real socket → the close code. More frames than the 300 that are allowed, as time allows some more.
BAD = {
    "malformed JSON": (frame(TEXT, b'{"type":'), 4400),
    "no object": (frame(TEXT, b"7"), 4400),
    "binary": (frame(BINARY, b'{"type":"ping"}'), 4400),
    "deep nesting": (frame(TEXT, b"[" * 4000), 4400),
    "deep objects": (frame(TEXT, b'{"type":' * 500), 4400),
    "an empty frame": (frame(TEXT), 4400),
    "longer than any frame is": (frame(TEXT, b'{"type":"ping"}' + b" " * 4096), 4400),
    "wrong types": (said(type="subscribe", topic=["job:1"]), 4400),
    "a wrong position": (said(type="subscribe", topic="job:1", after="7"), 4400),
    "an unknown command": (said(type="cancel", job="1"), 4400),
    "half a surrogate pair": (frame(TEXT, b'{"type":"subscribe","topic":"\\ud800"}'), 4400),
    "huge": (frame(TEXT, OVER_LIMIT), 1009),
    "huge in fragments": (
        frame(TEXT, OVER_LIMIT[: MAX_FRAME_BYTES // 2], fin=False) + frame(CONT, OVER_LIMIT, fin=False),
        1009,
    ),
    "the announcement of a huge one": (struct.pack("!BBQ", 0x81, 0xFF, 2**62), 1009),
    "invalid UTF-8": (frame(TEXT, b'{"type":"\xff"}'), 1007),
    "invalid UTF-8 in fragments": (frame(TEXT, b"\xc3", fin=False) + frame(CONT, b"\x28"), 1007),
    "a reserved opcode": (frame(3, b"x"), 1002),
    "a reserved control opcode": (frame(11), 1002),
    "reserved bits": (frame(TEXT, b"{}", flags=0x40), 1002),
    "an unmasked frame": (frame(TEXT, b'{"type":"ping"}', masked=False), 1002),
    "a continuation of nothing": (frame(CONT, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"{", fin=False) + SAID_PING, 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a close of one byte": (frame(CLOSE, b"x"), 1002),
    "a close with a code that is none": (frame(CLOSE, struct.pack("!H", 1005)), 1002),
    "too many frames": (SAID_PING * 400, 4429),
    "too many pings": (frame(PING) * 400, 4429),
    "too many pongs": (frame(PONG) * 400, 4429),
    "fragments without end": (frame(TEXT, fin=False) + frame(CONT, fin=False) * 400, 4429),
}


UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
)


@pytest.fixture
async def serve():
    """Starts a server of the site; answers how to open a socket there."""
    config = configuration()
    config.lifespan = "off"
    server = uvicorn.Server(config)
    accepting = socket.create_server(("127.0.0.1", 0))
    accepting.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)  # of what it accepts, too
    serving = asyncio.create_task(server._serve(sockets=[accepting]))
    owner = await User.objects.acreate(username="ada")
    _, token = await sync_to_async(ApiToken.issue)(owner=owner, name="test", scopes=[Scope.READ])

    @asynccontextmanager
    async def opened(headers="", path="/ws/v1/live", upgrade=UPGRADE):
        end = socket.socket()
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        end.setblocking(False)
        await asyncio.get_running_loop().sock_connect(end, accepting.getsockname())
        reader, writer = await asyncio.open_connection(sock=end, limit=4096)
        about = f"Host: localhost\r\nAuthorization: Bearer {token}\r\n{upgrade}{headers}"
        writer.write(f"GET {path} HTTP/1.1\r\n{about}\r\n".encode())
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    opened.server, opened.owner, opened.address = server, owner, accepting.getsockname()
    yield opened
    await until(lambda: not server.server_state.connections)
    server.should_exit = True
    await serving


async def close_code(reader):
    """Of the close frame; what comes before is skipped."""
    async with asyncio.timeout(10):
        while True:
            head, size = await reader.readexactly(2)
            if size == 126:
                [size] = struct.unpack("!H", await reader.readexactly(2))
            payload = await reader.readexactly(size)
            if head & 0x0F == CLOSE:
                return struct.unpack("!H", payload[:2])[0]


async def test_each_bad_frame_has_its_close_code_and_leaves_nothing_behind(serve, caplog):
    codes = {}
    for name, (frames, _) in BAD.items():
        async with serve() as (reader, writer):
            assert b"101" in await reader.readuntil(b"\r\n\r\n")
            writer.write(frames)
            codes[name] = await close_code(reader)
    assert codes == {name: code for name, (_, code) in BAD.items()}
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []
    await until(lambda: not serve.server.server_state.tasks)
    assert hub.hub().listeners == set()
    assert hub.hub()._of_users.total() == 0
    await until(lambda: not hub.hub()._feeds)


async def test_many_good_frames_are_taken(serve):
    async with serve() as (reader, writer):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        writer.write(
            frame(PING) * 100 + (frame(TEXT, b'{"type":', fin=False) + frame(CONT, b'"ping"}')) * 100
        )
        pongs = b""
        async with asyncio.timeout(10):
            while pongs.count(b'{"type":"pong"}') < 100:
                pongs += await reader.read(4096)


async def test_who_pings_and_does_not_read_is_cut_off(serve):
    async with serve() as (reader, writer):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                while True:
                    writer.write(frame(PING, b"x" * 125) * 100)
                    await writer.drain()
        await until(lambda: not serve.server.server_state.connections)


async def test_a_handshake_that_is_none_is_refused_quietly(serve, caplog):
    async with serve(headers="X: y\r\n" * 200) as (reader, _):
        assert b"400" in await reader.readline()
    async with serve(headers=f"X: {'y' * 10_000}\r\n") as (reader, _):
        assert b"400" in await reader.readline()
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("sent", [b"", b"GET /ws/v1/live HT", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"])
async def test_who_connects_and_does_not_ask_is_cut_off(serve, monkeypatch, sent):
    monkeypatch.setattr(sockets, "REQUEST_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection(*serve.address)
    writer.write(sent)
    async with asyncio.timeout(5):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_who_has_asked_may_be_silent(serve, monkeypatch):
    monkeypatch.setattr(sockets, "REQUEST_SECONDS", 0.1)
    async with serve() as (reader, writer):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):  # it is not cut off
            await asyncio.wait_for(reader.read(1), 0.3)
        writer.write(SAID_PING)
        assert b"pong" in await reader.readuntil(b"}")


async def test_what_the_handshake_said_is_not_kept_for_as_long_as_the_socket_is_open(serve):
    async with serve(headers="X-Long: said once\r\n") as (reader, _):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        gc.collect()
        assert [each for each in gc.get_objects() if type(each) is Headers and "X-Long" in each] == []
        assert [each.scope["headers"] for each in serve.server.server_state.connections] == [[]]


async def test_a_connection_has_no_more_attributes_than_python_keeps_in_the_object(serve):
    async with serve() as (reader, _):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        [connection] = serve.server.server_state.connections
        assert len(vars(connection)) <= 30


async def test_events_on_their_way_to_who_is_cut_off_are_no_error(serve, caplog):
    gc.collect()
    async with serve() as (reader, writer):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        # Each is answered, and the answers to the first ones are on their way when the last is refused.
        writer.write(SAID_PING * 50 + frame(3))
        assert await close_code(reader) == 1002
    await until(lambda: not serve.server.server_state.tasks)
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []


#: Events of 20 kB: more than the network takes.
TOLD = 40


async def test_those_who_never_read_are_dropped_and_others_hear_everything(serve, monkeypatch, caplog):
    monkeypatch.setattr(sockets, "STALLED_SECONDS", 0.3)
    monkeypatch.setattr(sockets, "ABORT_AFTER_SECONDS", 0.1)
    monkeypatch.setattr(live, "SEND_SECONDS", 0.3)
    result = await add.using(owner=serve.owner).aenqueue(1)
    await do(start, [result.id], "w1")
    follow = said(type="subscribe", topic=f"owner:{serve.owner.pk}")
    stream = {"path": f"/api/v1/jobs/{result.id}/events", "upgrade": "Accept: text/event-stream\r\n"}
    async with AsyncExitStack() as clients:
        reader, writer = await clients.enter_async_context(serve())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(follow)
        for number in range(10):
            deaf, tells = await clients.enter_async_context(serve(**stream if number % 2 else {}))
            await deaf.readuntil(b"\r\n\r\n")
            tells.write(b"" if number % 2 else follow)
        heard = asyncio.create_task(until_heard(reader, TOLD))
        most = 0
        for index in range(TOLD):
            chunk = {"attempt": 1, "index": index, "value": "x" * 20_000}
            await do(tell, [Said(UUID(result.id), 1, EventKind.CHUNK, timezone.now(), chunk, serve.owner.pk)])
            most = max(most, *(listening._heard_bytes for listening in hub.hub().listeners))
        await heard
        await until(lambda: len(serve.server.server_state.connections) == 1)
        await until(lambda: len(hub.hub().listeners) == 1)
    assert most <= listener.MAX_WAITING_BYTES
    assert [record for record in caplog.records if record.exc_info] == []


async def until_heard(reader, number):
    """Reads until the last of so many chunks has come."""
    last = f'"index":{number - 1},'.encode()
    tail = b""
    async with asyncio.timeout(20):
        while last not in tail:
            tail = tail[-100:] + await reader.read(65536)
