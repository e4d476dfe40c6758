"""The ways in which clients listen. Each yields messages as a socket carries them, until the connection ends."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets

from tests.torture.record import ENDED, Json

#: Small, so that who does not read is noticed by the server sooner.
RECEIVE_BUFFER = (socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
#: For an answer, or for the next heartbeat.
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 20
#: Between the answer to a poll and the next one.
PAUSE_SECONDS = 0.5
#: A web process that restarts, and one whose database is away, may say these.
NOT_NOW = {502, 503, 504}
#: Closes that a socket may meet: cut off, restart, database away, too slow. None: without a word.
EXPECTED_CLOSES = {None, 1006, 1011, 1012, 1013, 4408}

type End = socket.socket

#: What ends a connection, so that the client comes again.
LOST = (websockets.WebSocketException, httpx.TransportError, OSError, TimeoutError)


class Refused(AssertionError):
    """An answer that no fault explains."""


class Client:
    """One user's end of the connections; all watchers of that user share it."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/api/v1",
            headers=self._headers,
            timeout=PATIENCE_SECONDS,
            transport=httpx.AsyncHTTPTransport(
                socket_options=[RECEIVE_BUFFER], limits=httpx.Limits(max_connections=None)
            ),
        )
        #: By code.
        self.closes: Counter[int | None] = Counter()

    async def close(self) -> None:
        await self._http.aclose()

    async def submit(self, task: str, **args: Any) -> str | None:
        """The job's id; None if nobody could take it."""
        answer = await self._http.post("/jobs", json={"task": task, "args": args})
        return answer.json()["id"] if _is_good(answer) else None

    async def socket(self, topic: str, after: int | None) -> AsyncIterator[Json]:
        async with self._connection() as connection:
            about = {} if after is None else {"after": after}
            await connection.send(json.dumps({"type": "subscribe", "topic": topic, **about}))
            try:
                async for text in connection:
                    message = json.loads(text)
                    if message.get("code") != "unavailable":
                        yield message
            finally:
                self.closes[connection.close_code] += 1
                if connection.close_code not in EXPECTED_CLOSES:
                    raise Refused(f"The socket was closed with {connection.close_code}.")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[websockets.ClientConnection]:
        """Ends without a good-bye, as when a laptop is closed."""
        with socket.socket() as end:  # which nobody else closes if it comes to no connection
            end.setsockopt(*RECEIVE_BUFFER)
            end.setblocking(False)
            connection = await self._connect(end)
            try:
                yield connection
            finally:
                connection.transport.abort()

    async def _connect(self, end: End) -> websockets.ClientConnection:
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", self._port))
        url = f"ws://127.0.0.1:{self._port}/ws/v1/live"
        return await websockets.connect(url, sock=end, additional_headers=self._headers, compression=None)

    async def sse(self, topic: str, after: int | None) -> AsyncIterator[Json]:
        headers = {"Accept": "text/event-stream"} | ({} if after is None else {"Last-Event-ID": str(after)})
        path = f"/jobs/{topic.removeprefix('job:')}/events"
        async with self._http.stream("GET", path, headers=headers) as stream:
            if not _is_good(stream):
                return
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    async def poll(self, topic: str, after: int | None) -> AsyncIterator[Json]:
        path, headers = f"/jobs/{topic.removeprefix('job:')}/events", {"Prefer": f"wait={POLL_SECONDS}"}
        after = after or 0
        while True:
            answer = await self._http.get(path, params={"after": after}, headers=headers)
            if not _is_good(answer):
                return
            for event in answer.json()["events"]:
                after = event["seq"]
                yield {"type": "event", "topic": topic, **event}
                if event["data"].get("status") in ENDED:
                    return
            await asyncio.sleep(PAUSE_SECONDS)


def _is_good(answer: httpx.Response) -> bool:
    """Raises Refused if the answer is one that nobody should get, whatever breaks."""
    if not answer.is_success and answer.status_code not in NOT_NOW:
        raise Refused(f"{answer.request.url} was answered with {answer.status_code}.")
    return answer.is_success
