"""`python -m benchmarks.live`: what one web process does for those who watch, on PostgreSQL.

Prints a table; `--sockets 500 --seconds 3` shows that it works.
"""

import argparse
import asyncio
import json
import time
from datetime import datetime
from functools import partial
from statistics import median, quantiles
from typing import Any

import uvloop

from benchmarks.api import Web, running_web, running_worker
from benchmarks.callers import ask, request
from benchmarks.servers import running_servers
from benchmarks.sockets import LiveSocket, Told, rss_mb

#: Jobs a second while latency is measured, each of a user and a socket of their own.
RATE = 100
#: One user may not have more than 1,000 sockets.
SOCKETS_OF_ONE = 500
FAN_OUT = 1_000
#: With ten reports a second each.
SUSTAINED = 600

type Row = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--sockets", type=int, default=10_000, help="that are open at once")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    options = parser.parse_args()
    users = [f"user{number}" for number in range(max(RATE, options.sockets // SOCKETS_OF_ONE))]
    with running_servers() as servers, running_web(servers, users) as web:
        uvloop.run(measure(web, options.sockets, options.seconds))


async def measure(web: Web, sockets: int, seconds: float) -> None:
    print("| what | seen |\n|---|---|")
    tell(await latency(web, seconds))
    tell(await fan_out(web, min(FAN_OUT, sockets)))
    tell(await sustained(web, min(SUSTAINED, sockets), seconds))
    tell(await crowd(web, sockets))


def tell(rows: list[Row]) -> None:
    for what, seen in rows:
        print(f"| {what} | {seen} |", flush=True)


async def latency(web: Web, seconds: float) -> list[Row]:
    """Each user has one socket that watches all of their jobs, and submits a no-op job a second."""
    users = list(web.tokens.values())[:RATE]
    sockets = await asyncio.gather(*(LiveSocket.open(web.port, token) for token in users))
    for socket in sockets:
        await socket.subscribe(f"owner:{await owner_of(web, socket.token)}")
    with running_worker(web):
        await submit_each_second(web, sockets[0], 0, 5)  # until it has started
        found = await asyncio.gather(
            *(
                submit_each_second(web, socket, number / RATE, seconds)
                for number, socket in enumerate(sockets)
            )
        )
    posted, recorded = ([each for pairs in found for each in pairs[kind]] for kind in (0, 1))
    for socket in sockets:
        socket.close()
    return [
        (
            f"`POST /jobs` of a no-op to its `successful` event, {RATE} jobs/s, {RATE} sockets",
            quantiles_ms(posted),
        ),
        ("the end's own time, taken before its commit, to the message in the socket", quantiles_ms(recorded)),
    ]


async def submit_each_second(
    web: Web, socket: LiveSocket, offset: float, seconds: float
) -> tuple[list[float], list[float]]:
    posted, recorded = [], []
    await asyncio.sleep(offset)
    began = time.perf_counter()
    for turn in range(int(seconds)):
        await asyncio.sleep(max(0, began + turn - time.perf_counter()))
        sent = time.perf_counter()
        job = await ask(web.port, request("POST", "/api/v1/jobs", socket.token, ADD))
        end = await socket.until(partial(is_end, job_id=job["id"]))
        posted.append(end.arrived - sent)
        recorded.append(since_its_time(end))
    return posted, recorded


ADD = b'{"task": "bench.add", "args": {"a": 1}}'


def is_end(message: dict[str, Any], job_id: str | None = None) -> bool:
    """Whether it tells the end of that job, or of any."""
    is_status = message.get("kind") == "status" and job_id in (None, message["job_id"])
    return is_status and message["data"]["status"] == "successful"


async def owner_of(web: Web, token: str) -> int:
    job = await ask(web.port, request("POST", "/api/v1/jobs", token, ADD))
    owner: int = job["owner"]
    return owner


async def fan_out(web: Web, number: int) -> list[Row]:
    """Everybody watches one job, which reports now and then."""
    sockets = await watch_together(web, number, times=10, pause=0.5)
    with running_worker(web):
        spans = []
        for index in range(10):
            arrivals = await asyncio.gather(*(until_report(socket, index) for socket in sockets))
            spans.append((max(arrivals) - min(arrivals)) * 1000)
    close(sockets)
    seen = f"median {median(spans):.0f} ms, longest {max(spans):.0f} ms"
    return [(f"one event to {number:,} sockets, first to last", seen)]


async def sustained(web: Web, number: int, seconds: float) -> list[Row]:
    """One job, which reports as often as it may."""
    sockets = await watch_together(web, number, times=int(seconds * 10), pause=0.1)
    with running_worker(web):
        found = await asyncio.gather(*map(deliveries_of, sockets))
    close(sockets)
    arrivals = [arrival for deliveries in found for arrival, _ in deliveries]
    rate = len(arrivals) / (max(arrivals) - min(arrivals))
    delays = [delay for deliveries in found for _, delay in deliveries]
    what = f"deliveries to {number:,} sockets for {seconds:g} s, each since the event's own time"
    return [(what, f"{rate:,.0f}/s, {quantiles_ms(delays)}")]


async def watch_together(web: Web, number: int, **args: float) -> list[LiveSocket]:
    """Before any worker is there, so that nobody misses anything."""
    token = next(iter(web.tokens.values()))
    body = json.dumps({"task": "bench.report", "args": args}).encode()
    job = await ask(web.port, request("POST", "/api/v1/jobs", token, body))
    return await open_all(web, [(token, job["id"])] * number)


async def until_report(socket: LiveSocket, index: int) -> float:
    """When the report of that number arrived."""
    told = await socket.until(lambda one: one.get("kind") == "progress" and one["data"]["text"] == str(index))
    return told.arrived


async def deliveries_of(socket: LiveSocket) -> list[tuple[float, float]]:
    """When each event arrived, and how long after its own time, until the job's end."""
    found: list[tuple[float, float]] = []
    while True:
        told = await socket.until(lambda one: one["type"] == "event")
        found.append((told.arrived, since_its_time(told)))
        if is_end(told.message):
            return found


def since_its_time(told: Told) -> float:
    return told.arrived_at - datetime.fromisoformat(told.message["at"]).timestamp()


def close(sockets: list[LiveSocket]) -> None:
    for socket in sockets:
        socket.close()


async def crowd(web: Web, number: int) -> list[Row]:
    """Everybody watches a job of their own; nobody works until all do. Then the web process restarts under them."""
    tokens = list(web.tokens.values())[: max(1, number // SOCKETS_OF_ONE)]
    pairs = [(token, job_id) for token in tokens for job_id in await waiting_jobs(web, token)][:number]
    base = rss_mb(web.process.pid)
    began = time.perf_counter()
    sockets = await open_all(web, pairs)
    connected, full = time.perf_counter() - began, rss_mb(web.process.pid)
    rows = [
        (f"{len(sockets):,} sockets opened and subscribed", f"{connected:.1f} s"),
        ("memory for them", f"{full - base:.0f} MB above {base:.0f} MB"),
    ]
    close(sockets)
    web.restart()
    began = time.perf_counter()
    sockets = await open_all(web, pairs, after=1)
    rows.append(("all of them back after a restart", f"{time.perf_counter() - began:.1f} s"))
    with running_worker(web):
        began = time.perf_counter()
        await asyncio.gather(*(socket.until(is_end) for socket in sockets))
        rows.append(
            ("each told of the end of its job, by one worker", f"{time.perf_counter() - began:.1f} s")
        )
    close(sockets)
    return rows


async def waiting_jobs(web: Web, token: str) -> list[str]:
    batch = request(
        "POST", "/api/v1/jobs/batch", token, b"\n".join([ADD] * SOCKETS_OF_ONE), "application/x-ndjson"
    )
    return [job["id"] for job in (await ask(web.port, batch))["jobs"]]


#: How many connect at the same moment.
ARRIVING = 200


async def open_all(web: Web, pairs: list[tuple[str, str]], after: int | None = None) -> list[LiveSocket]:
    turn = asyncio.Semaphore(ARRIVING)

    async def open_one(token: str, job_id: str) -> LiveSocket:
        async with turn:
            socket = await LiveSocket.open(web.port, token)
            await socket.subscribe(f"job:{job_id}", after)
            return socket

    return list(await asyncio.gather(*(open_one(*pair) for pair in pairs)))


def quantiles_ms(seconds: list[float]) -> str:
    cuts = quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


if __name__ == "__main__":
    main()
