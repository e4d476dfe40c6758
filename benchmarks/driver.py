"""The process that enqueues, in the peer's environment: `python -m benchmarks.driver benchmarks.peers.arq.app`.

Reads commands as JSON lines, answers each with one JSON line, ends when there are no more.
"""

import asyncio
import importlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import IO, Any

from benchmarks.client import Client

#: A job whose result does not come for so long has failed.
RESULT_SECONDS = 30.0


def main() -> None:
    answers = take_stdout()
    client: Client = importlib.import_module(sys.argv[1]).Client()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(client, answers))


def take_stdout() -> IO[str]:
    """Ours alone: what a library prints goes to the log."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if os.environ.get("BENCH_LOOP") != "uvloop":
        return None
    import uvloop

    return uvloop.new_event_loop


async def serve(client: Client, answers: IO[str]) -> None:
    await client.open()
    loop = asyncio.get_running_loop()
    print(json.dumps({"has_bulk": client.has_bulk, "has_results": client.has_results}), file=answers)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await answer(client, **json.loads(line))), file=answers)
    await client.close()


async def answer(client: Client, do: str, job: str, count: int = 1) -> dict[str, Any]:
    ways: dict[str, Callable[[str, int], Awaitable[None]]] = {
        "single": client.enqueue_singly,
        "concurrent": client.enqueue_concurrently,
        "bulk": client.enqueue_many,
        "round_trip": lambda job, _: round_trip(client, job),
    }
    started = time.monotonic_ns()
    await ways[do](job, count)
    return {"started_ns": started, "seconds": (time.monotonic_ns() - started) / 1e9}


async def round_trip(client: Client, job: str) -> None:
    async with asyncio.timeout(RESULT_SECONDS):
        await client.round_trip(job)


if __name__ == "__main__":
    main()
