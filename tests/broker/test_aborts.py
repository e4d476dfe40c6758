import contextlib
from datetime import timedelta

from arq.jobs import Job as ArqJob

from jobs.broker import aborts, keys
from jobs.broker.client import redis


async def test_a_requested_end_is_found_among_the_asked_for():
    await aborts.request(["a", "b"])
    assert await aborts.requested(["b", "c"]) == {"b"}


async def test_nothing_is_asked_of_redis_when_nothing_runs():
    before = (await redis().info("commandstats")).get("cmdstat_zmscore", {"calls": 0})["calls"]
    assert await aborts.requested([]) == set()
    assert (await redis().info("commandstats")).get("cmdstat_zmscore", {"calls": 0})["calls"] == before


async def test_a_withdrawn_request_is_gone():
    await aborts.request(["a", "b"])
    await aborts.forget(["a"])
    await aborts.forget([])
    assert await aborts.requested(["a", "b"]) == {"b"}


async def test_a_stock_client_s_abort_is_such_a_request():
    client = redis()
    await client.zadd(keys.queue("default"), {"a": 1})
    with contextlib.suppress(TimeoutError):
        await ArqJob("a", client).abort(timeout=0, poll_delay=0)
    assert await aborts.requested(["a"]) == {"a"}


async def test_requests_that_nobody_took_are_forgotten():
    await aborts.request(["old", "new"])
    age = aborts.FORGOTTEN_AFTER + timedelta(minutes=1)
    await redis().zincrby(keys.ABORT, -age.total_seconds() * 1000, "old")
    assert await aborts.requested(["old", "new"]) == {"new"}
    assert await redis().zcard(keys.ABORT) == 1
