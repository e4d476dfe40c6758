"""Clients of HTTP that cost next to nothing, so that what is measured is the server."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any


@dataclass
class Answers:
    """What clients got in a while."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    #: Of each answer, in seconds.
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p99_ms(self) -> float:
        return quantiles(self.latencies, n=100)[98] * 1000


def request(
    method: str, path: str, token: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def call(port: int, sent: bytes, clients: int, seconds: float) -> Answers:
    """So many keep-alive connections send the same, each again as soon as it is answered."""
    answers, began = Answers(), time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(_client(port, sent, until, answers) for _ in range(clients)))
    answers.seconds = time.perf_counter() - began
    return answers


async def _client(port: int, sent: bytes, until: float, answers: Answers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        await _send(reader, writer, sent, answers)
    writer.close()


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes, answers: Answers
) -> None:
    began = time.perf_counter()
    writer.write(sent)
    status = await _read(reader)
    answers.latencies.append(time.perf_counter() - began)
    answers.statuses[status] = answers.statuses.get(status, 0) + 1


async def one_after_the_other(port: int, requests: Iterable[bytes]) -> Answers:
    """On one keep-alive connection, each as soon as the one before is answered."""
    answers, began = Answers(), time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for sent in requests:
        await _send(reader, writer, sent, answers)
    writer.close()
    answers.seconds = time.perf_counter() - began
    return answers


async def ask(port: int, sent: bytes) -> Any:
    """One request on a connection of its own; the answer's JSON."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    writer.close()
    assert head[9:10] == b"2", body
    return json.loads(body)


async def _read(reader: asyncio.StreamReader) -> int:
    """The status; the body is skipped."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    if length:
        await reader.readexactly(int(length))
    else:  # chunked
        while chunk := int(await reader.readline(), 16):
            await reader.readexactly(chunk + 2)
        await reader.readline()
    return int(head[9:12])
