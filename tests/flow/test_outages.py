"""A worker outlives whatever it depends on: it goes on, says so once, and afterwards has all of its slots."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis

from tests.chaos.proxy import Proxy
from tests.flow.test_kills import AWAY, LINGER, statuses
from tests.system import Caller, System

SLOTS = 2
#: Longer than a job that is running when it begins, and than any single wait for an answer.
OUTAGE_SECONDS = 6.0
#: Which takes as long to stream as a part of that.
WORDS = 40
#: How long after the outage the next job may start: the longest pause between two tries, and the sweep's.
BACK_SECONDS = 12.0

type Outage = Callable[[System, Proxy], AbstractContextManager[None]]


@contextmanager
def gone(system: System, proxy: Proxy) -> Iterator[None]:
    system.valkey.process.kill()
    system.valkey.process.wait()
    yield
    system.close()
    system.start_valkey()


@contextmanager
def read_only(system: System, proxy: Proxy) -> Iterator[None]:
    """As after a failover that the client has not heard of."""
    told(system, "REPLICAOF", "127.0.0.1", "1")
    yield
    told(system, "REPLICAOF", "NO", "ONE")


@contextmanager
def out_of_memory(system: System, proxy: Proxy) -> Iterator[None]:
    told(system, "CONFIG", "SET", "maxmemory", "1")
    yield
    told(system, "CONFIG", "SET", "maxmemory", "0")


@contextmanager
def cut(system: System, proxy: Proxy) -> Iterator[None]:
    proxy.cut()
    yield
    proxy.heal()


@contextmanager
def silent(system: System, proxy: Proxy) -> Iterator[None]:
    """Connections stay open, and nothing comes through."""
    proxy.silence()
    yield
    proxy.heal()


def told(system: System, *command: str) -> None:
    with redis.Redis(unix_socket_path=str(system.valkey.path)) as client:
        client.execute_command(*command)


@pytest.fixture
def proxy(system: System) -> Iterator[Proxy]:
    with Proxy(system.valkey.path) as proxy:
        system.env["REDIS_URL"] = f"redis://127.0.0.1:{proxy.port}/0"
        system.env["TEST_SLOTS"] = str(SLOTS)
        yield proxy


@pytest.mark.parametrize(
    "outage", [gone, read_only, out_of_memory, cut, silent], ids=lambda outage: outage.__name__
)
async def test_a_worker_outlives_a_redis_that_is(outage: Outage, system, proxy, start, ada):
    worker = start(system.start_worker)
    running = ada.submit(LINGER, seconds=2)
    await ada.until(running["id"], "running")
    with outage(system, proxy):
        waiting = await asyncio.to_thread(ada.submit, LINGER, seconds=0.1)
        ended = await ada.until(running["id"], "successful", "failed", seconds=5)
        assert ended["status"] == "successful", "its end is recorded although Redis is away"
        await asyncio.sleep(OUTAGE_SECONDS)
        assert worker.poll() is None, system.log
    ended = await ada.until(waiting["id"], "successful", "failed", seconds=BACK_SECONDS)
    for job in (running, waiting):
        heard = await ada.watch(job["id"], after=0)
        assert statuses(heard) == ["ready", "running", "successful"], "one run was enough"
    await assert_all_slots_are_there(ada)
    assert worker.poll() is None
    assert_it_was_said_once(system.log)


async def test_a_worker_outlives_a_database_that_crashes(
    system_on_postgres, postgres_server, start, postgres_caller
):
    system, ada = system_on_postgres, postgres_caller
    worker = start(system.start_worker)
    running = ada.submit(LINGER, seconds=2)
    streaming = ada.submit("text.stream", text="word " * WORDS, words_per_second=10)
    for job in (running, streaming):
        await ada.until(job["id"], "running")
    postgres_server.crash()
    await asyncio.sleep(OUTAGE_SECONDS)
    assert worker.poll() is None, system.log
    postgres_server.start()
    ended = await ada.until(running["id"], "successful", "failed", seconds=BACK_SECONDS)
    assert (ended["status"], ended["attempt"]) == ("successful", 1)
    heard = await ada.watch(streaming["id"], after=0)
    assert indices(heard) == list(range(WORDS)), "each value was told once, in its order"
    await assert_all_slots_are_there(ada)
    assert worker.poll() is None
    assert_it_was_said_once(system.log)


@pytest.fixture
async def postgres_caller(system_on_postgres: System, start) -> AsyncIterator[Caller]:
    system_on_postgres.env["TEST_SLOTS"] = str(SLOTS)
    start(system_on_postgres.start_web)
    caller = system_on_postgres.caller("ada")
    yield caller
    caller.http.close()


def indices(heard: list[Any]) -> list[int]:
    return [message["data"]["index"] for message in heard if message.get("kind") == "chunk"]


async def assert_all_slots_are_there(ada: Caller) -> None:
    """Several times as many jobs as slots come to their end, and as many run at a time as there are slots."""
    lingers = timedelta(seconds=0.4)
    jobs = [ada.submit(LINGER, seconds=lingers.total_seconds()) for _ in range(3 * SLOTS)]
    ended = [await ada.until(job["id"], "successful", "failed") for job in jobs]
    assert {job["status"] for job in ended} == {"successful"}
    # By how long its function runs: its end is recorded while the next one is in its slot.
    starts = [datetime.fromisoformat(job["started_at"]) for job in ended]
    together = [sum(start <= moment < start + lingers for start in starts) for moment in starts]
    assert max(together) == SLOTS


def assert_it_was_said_once(log: str) -> None:
    """By each of the worker's loops that noticed, however often it tried."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    told = [
        line["event"] for line in lines if line["logger"] == "jobs.worker.backoff" and AWAY in line["event"]
    ]
    by_loop = Counter(event.partition(":")[0] for event in told)
    assert by_loop
    assert max(by_loop.values()) == 1, told
    assert not [line for line in lines if "unforeseen" in line["event"] or "exception" in line], log
