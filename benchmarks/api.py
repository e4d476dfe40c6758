"""`python -m benchmarks.api`: what one web process takes over HTTP, on PostgreSQL, beside the least that a view does.

Prints a table; with `--seconds 1 --rounds 1` it shows that it works.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import uvloop

from benchmarks.callers import Answers, call, request
from benchmarks.environment import ROOT, log_of
from benchmarks.flood import flood
from benchmarks.launch import kill
from benchmarks.servers import Servers, running_servers
from jobs.broker.embedded import end_with_parent
from tests.system import free_port

CLIENTS = 32
BATCH = 10_000
START_SECONDS = 60.0
ADD = b'{"task": "bench.add", "args": {"a": 1}}'


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="in which they take turns; the median counts")
    options = parser.parse_args()
    with running_servers() as servers, running_web(servers, ["ada", "bob"]) as web:
        uvloop.run(measure(web.port, web.tokens, options.seconds, options.rounds))


async def measure(port: int, tokens: dict[str, str], seconds: float, rounds: int) -> None:
    row = request("GET", "/one-row", tokens["ada"])
    job = request("POST", "/api/v1/jobs", tokens["ada"], ADD)
    for warmed in (row, job):
        await call(port, warmed, CLIENTS, 1)
    pairs = [[await call(port, each, CLIENTS, seconds) for each in (row, job)] for _ in range(rounds)]
    rows, jobs = zip(*pairs, strict=True)
    print(f"| {CLIENTS} keep-alive clients | requests/s | p99, ms |\n|---|--:|--:|")
    print(tell("an async view that reads one row", rows))
    print(tell("`POST /jobs`", jobs))
    ratio = median(job.per_second / row.per_second for row, job in pairs)
    print(f"\n`POST /jobs` reaches {ratio:.0%} of that view's rate.")
    print(f"A batch of {BATCH:,} is stored at {await batches(port, tokens['ada'], rounds):,.0f} jobs/s.")
    print(await beside_a_flood(port, tokens, seconds * rounds / 2))


def tell(name: str, answers: "list[Answers] | tuple[Answers, ...]") -> str:
    statuses = {status for each in answers for status in each.statuses}
    assert len(statuses) == 1, statuses
    rate, p99 = median(each.per_second for each in answers), median(each.p99_ms for each in answers)
    return f"| {name} | {rate:,.0f} | {p99:.1f} |"


async def batches(port: int, token: str, rounds: int) -> float:
    """Jobs a second of one caller that sends one batch after the other."""
    sent = request("POST", "/api/v1/jobs/batch", token, b"\n".join([ADD] * BATCH), "application/x-ndjson")
    rates = []
    for _ in range(rounds):
        answers = await call(port, sent, 1, 0.01)
        assert set(answers.statuses) == {202}, answers.statuses
        rates.append(BATCH / answers.latencies[0])
    return median(rates)


async def beside_a_flood(port: int, tokens: dict[str, str], seconds: float) -> str:
    """How long a caller of a few jobs waits while another sends all that it can."""
    few = request("POST", "/api/v1/jobs", tokens["bob"], ADD)
    many = request("POST", "/api/v1/jobs", tokens["ada"], ADD)
    batch = request(
        "POST", "/api/v1/jobs/batch", tokens["ada"], b"\n".join([ADD] * BATCH), "application/x-ndjson"
    )
    alone = await call(port, few, 1, seconds)
    async with flood(port, many, CLIENTS, seconds):
        singles = await call(port, few, 1, seconds)
    async with flood(port, batch, 2, seconds):
        batched = await call(port, few, 1, seconds)
    return (
        f"One caller's p99 is {alone.p99_ms:.1f} ms alone, {singles.p99_ms:.1f} ms while another owner sends jobs over "
        f"{CLIENTS} connections, and {batched.p99_ms:.1f} ms while it sends batches of {BATCH:,} over 2."
    )


@dataclass
class Web:
    """A running web process, and what its users need."""

    environ: dict[str, str]
    #: By the users' names.
    tokens: dict[str, str]
    port: int
    process: subprocess.Popen[bytes]

    def restart(self) -> None:
        """As a deploy does."""
        self.process.terminate()
        self.process.wait(START_SECONDS)
        self.process = start_web(self.environ, self.port)


@contextmanager
def running_web(servers: Servers, users: Sequence[str]) -> Iterator[Web]:
    """A web process on an empty database."""
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.web.settings",
        "SECRET_KEY": "only for benchmarks, where nothing is secret",
        "DATABASE_URL": servers.postgres.create_database(),
        "REDIS_URL": servers.valkey_url,
        "MEDIA_ROOT": str(servers.folder / "media"),
        "LOG_LEVEL": "ERROR",
        "DEBUG": "false",
        "ALLOWED_HOSTS": "localhost",
    }
    run(environ, "manage.py", "migrate", "--verbosity=0")
    tokens = json.loads(run(environ, "-m", "benchmarks.web.sign_up", *users))
    port = free_port()
    web = Web(environ, tokens, port, start_web(environ, port))
    try:
        yield web
    finally:
        kill(web.process)


def start_web(environ: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    """Returns once it listens."""
    web = start("web", environ, "manage.py", "web", "--port", str(port))
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < until, f"The web process did not start; see {log_of('web')}."
            time.sleep(0.1)
        else:
            return web


@contextmanager
def running_worker(web: Web) -> Iterator[None]:
    """A worker of the same database."""
    worker = start("worker", web.environ, "worker.py")
    try:
        yield
    finally:
        kill(worker)


def start(name: str, environ: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
    with log_of(name).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environ,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=end_with_parent(),  # noqa: PLW1509  it makes one system call
        )  # fmt: skip


def run(environ: dict[str, str], *command: str) -> bytes:
    """What the command prints."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        timeout=START_SECONDS,
    ).stdout


if __name__ == "__main__":
    main()
