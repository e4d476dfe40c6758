"""Sends what comes on stdin over and over: `python -m benchmarks.flood PORT CLIENTS SECONDS`.

In a process of its own, so that whoever is measured beside it shares the server with it and nothing else.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from subprocess import PIPE

import uvloop

from benchmarks.callers import call


@asynccontextmanager
async def flood(port: int, sent: bytes, clients: int, seconds: float) -> AsyncIterator[None]:
    """Has begun when the block does, and has ended after it."""
    command = (sys.executable, "-m", "benchmarks.flood", str(port), str(clients), str(seconds))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(sent)
    process.stdin.write_eof()
    await process.stdout.readline()
    yield
    assert await process.wait() == 0


async def main(port: int, clients: int, seconds: float) -> None:
    sent = sys.stdin.buffer.read()
    print("It begins.", flush=True)
    await call(port, sent, clients, seconds)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
