"""The queue in Redis: what is pushed is claimed once, in order, and never hidden."""

import asyncio
import time

import pytest
from arq.connections import ArqRedis
from arq.jobs import Job as ArqJob
from arq.jobs import JobStatus

from jobs.broker import client, keys
from jobs.broker.envelope import dumps, envelope, loads
from jobs.broker.leases import Ack, Lease, ack, renew
from jobs.broker.ready import Waiting, push, unknown, wait
from jobs.broker.scripts import Script
from tests.claims import claim


def waiting(job_id, *, due_ms=0, priority=0, queue="default", token=""):
    body = envelope(task_path="tests.sample_tasks.add", enqueued_at_ms=1, priority=priority)
    return Waiting(job_id=job_id, queue=queue, due_ms=due_ms, priority=priority, envelope=body, token=token)


async def claimed(slots=100, worker="w1", queue="default"):
    return [lease.job_id for lease in (await claim(queue, worker, slots)).leases]


def now_ms():
    return int(time.time() * 1000)


async def let_lease_run_out(job_id):
    """As if 15 s had passed: Redis drops the lease's key and the score lies in the past."""
    await client.redis().delete(keys.IN_PROGRESS + job_id)
    await client.redis().zadd("arq:queue", {job_id: now_ms() - 1})


async def test_each_job_is_handed_over_once():
    await push([waiting("a"), waiting("b")])
    assert sorted(await claimed()) == ["a", "b"]
    assert await claimed() == []


async def test_a_claim_takes_no_more_than_the_free_slots():
    await push([waiting(f"j{n}") for n in range(5)])
    assert len(await claimed(slots=3)) == 3
    assert len(await claimed(slots=3)) == 2


async def test_older_jobs_go_first():
    for name in ("first", "second", "third"):
        await push([waiting(name)])
        await asyncio.sleep(0.002)
    assert await claimed() == ["first", "second", "third"]


async def test_a_higher_priority_goes_first_among_jobs_of_one_age():
    await push([waiting("low", priority=-1), waiting("usual"), waiting("high", priority=1)])
    assert await claimed() == ["high", "usual", "low"]


async def test_a_low_priority_is_not_starved():
    """A step of priority is worth a minute."""
    await push([waiting("patient", due_ms=now_ms() - 61_000), waiting("new and higher", priority=1)])
    assert await claimed() == ["patient", "new and higher"]


async def test_a_deferred_job_is_claimed_when_it_is_due_and_its_priority_counts():
    await push([waiting("usual"), waiting("later", due_ms=now_ms() + 80, priority=5)])
    assert await claimed(slots=0) == []
    pause = (await claim("default", "w1", 0)).pause_seconds
    assert pause == 0, "a ready job waits, so there is nothing to sleep for"
    await asyncio.sleep(0.1)
    assert await claimed() == ["later", "usual"]


async def test_an_idle_worker_learns_until_when_it_may_sleep():
    assert (await claim("default", "w1", 5)).pause_seconds is None
    await push([waiting("later", due_ms=now_ms() + 5_000)])
    assert 4 < (await claim("default", "w1", 5)).pause_seconds <= 5


async def test_running_jobs_never_hide_ready_ones():
    await push([waiting(f"running{n}") for n in range(300)])
    assert len(await claimed(slots=300)) == 300
    await push([waiting("ready")])
    assert await claimed(slots=1) == ["ready"]


async def test_a_push_wakes_an_idle_worker():
    waits = asyncio.create_task(wait(["default", "mail"], 5))
    await asyncio.sleep(0.05)
    assert not waits.done()
    await push([waiting("a", queue="mail")])
    await asyncio.wait_for(waits, 1)


async def test_an_idle_wait_ends_by_itself():
    started = time.monotonic()
    await wait(["default"], 0.1)
    assert time.monotonic() - started < 1


async def test_a_lease_that_is_not_renewed_makes_the_job_due_again():
    await push([waiting("a", priority=3)])
    assert await claimed(worker="lost") == ["a"]
    await let_lease_run_out("a")
    assert await claimed(worker="rescuer") == ["a"]


async def test_a_lease_is_over_before_its_job_is_due_again():
    """In the millisecond in which a key ends it still lives: a claim then would put the job off by a whole lease."""
    await push([waiting("a")])
    leases = (await claim("default", "w1", 1)).leases
    for _ in range(2):
        ends_at = await client.redis().execute_command("PEXPIRETIME", keys.IN_PROGRESS + "a")
        assert await client.redis().zscore("arq:queue", "a") > ends_at
        await renew(leases)


async def test_a_job_can_be_put_off_on_redis_own_clock():
    await push([waiting("a", due_ms=-60)])
    assert await claimed() == []
    await asyncio.sleep(0.08)
    assert await claimed() == ["a"]


async def test_a_renewal_keeps_the_job_and_tells_who_lost_it():
    await push([waiting("kept"), waiting("taken")])
    leases = (await claim("default", "w1", 2)).leases
    await let_lease_run_out("taken")
    await claim("default", "w2", 1)
    assert await renew(leases) == {"taken"}
    assert 14_000 < await client.redis().pttl(keys.IN_PROGRESS + "kept") <= 15_000
    assert (await client.redis().get(keys.IN_PROGRESS + "taken")).startswith(b"w2:")


async def test_a_renewal_takes_back_what_redis_forgot():
    await push([waiting("a")])
    leases = (await claim("default", "w1", 1)).leases
    await client.redis().flushall()
    assert await renew(leases) == set()
    await push([waiting("a")])  # as the sweep might do at the same moment
    assert await claimed(worker="w2") == []


async def test_an_ack_leaves_nothing_but_the_result():
    await push([waiting("a")])
    [lease] = (await claim("default", "w1", 1)).leases
    await ack([Ack(lease, b"{}")])
    left = {key.decode() for key in await client.redis().keys("arq:*")}
    assert left == {"arq:result:a"}
    assert 0 < await client.redis().ttl("arq:result:a") <= 3600


async def test_a_zombie_s_ack_does_not_touch_the_job_of_the_new_worker():
    await push([waiting("a")])
    [zombie] = (await claim("default", "w1", 1)).leases
    await let_lease_run_out("a")
    await claim("default", "w2", 1)
    await ack([Ack(zombie, b"stale")])
    assert await client.redis().get("arq:result:a") is None
    assert (await client.redis().get(keys.IN_PROGRESS + "a")).startswith(b"w2:")


async def test_a_retry_gives_the_lease_back_and_waits_for_its_time():
    await push([waiting("a")])
    [lease] = (await claim("default", "w1", 1)).leases
    await push([waiting("a", due_ms=now_ms() + 60, token=lease.token)])
    assert await claimed() == []
    await asyncio.sleep(0.08)
    assert await claimed() == ["a"]


async def test_pushing_a_running_job_again_changes_nothing():
    await push([waiting("a")])
    await claim("default", "w1", 1)
    await push([waiting("a")])
    assert await claimed(worker="w2") == []


async def test_redis_is_asked_which_jobs_it_does_not_know():
    await push([waiting("a")])
    assert await unknown("default", ["a", "b"]) == ["b"]
    assert await unknown("default", []) == []


async def test_queues_are_apart():
    await push([waiting("a", queue="mail"), waiting("b")])
    assert await claimed(queue="mail") == ["a"]
    assert await claimed() == ["b"]


async def test_every_key_of_ours_without_a_job_in_it_runs_out_by_itself():
    await push([waiting("a")])
    [lease] = (await claim("default", "w1", 1)).leases
    await ack([Ack(lease, b"{}")])
    lasting = [key async for key in client.redis().scan_iter("*") if await client.redis().ttl(key) == -1]
    assert lasting == []


async def test_a_stock_arq_client_sees_our_jobs_as_its_own():
    redis = client.redis()
    stock = ArqRedis(pool_or_conn=redis.connection_pool, job_serializer=dumps, job_deserializer=loads)
    job = ArqJob("a", stock, _deserializer=loads)
    await push([waiting("later", due_ms=now_ms() + 60_000), waiting("a", priority=100)])
    assert await ArqJob("later", stock).status() == JobStatus.deferred
    assert await job.status() == JobStatus.queued
    [lease] = (await claim("default", "w1", 1)).leases
    assert await job.status() == JobStatus.in_progress
    assert (await job.info()).function == "tests.sample_tasks.add"
    result = dumps(
        {
            "t": 1,
            "f": "x",
            "a": [],
            "k": {},
            "et": 1,
            "s": True,
            "r": 3,
            "st": 1,
            "ft": 2,
            "q": "q",
            "id": "a",
        }
    )
    await ack([Ack(lease, result)])
    assert await job.status() == JobStatus.complete
    assert await job.result(timeout=1) == 3


async def test_a_job_of_a_stock_arq_client_is_claimed_whatever_its_envelope_is():
    stock = ArqRedis(pool_or_conn=client.redis().connection_pool)
    await stock.enqueue_job("some.function", _job_id="pickled")
    await asyncio.sleep(0.01)  # the client's clock may be a millisecond ahead of the server's
    assert await claimed() == ["pickled"]


@pytest.mark.parametrize("priority", [b'"nan"', b'"inf"', b"-1e400", b"null", b"[]"])
async def test_a_priority_that_is_none_keeps_no_other_job_from_being_claimed(priority):
    await push([waiting("a")])
    await client.redis().set("arq:job:b", b'{"p":%s}' % priority)
    await client.redis().zadd("arq:queue", {"b": 1})
    assert sorted(await claimed()) == ["a", "b"]


async def test_an_id_that_is_no_text_keeps_no_other_job_from_being_claimed():
    await push([waiting("a")])
    await client.redis().zadd("arq:queue", {b"\xff": 1})
    assert "a" in await claimed()


async def test_a_job_that_a_stock_arq_worker_holds_is_left_to_it():
    await push([waiting("a")])
    await client.redis().set(keys.IN_PROGRESS + "a", b"1")
    assert await claimed() == []


async def test_no_script_uses_what_redis_7_0_does_not_have():
    """The server of the tests may be newer; these are the commands that the scripts may use."""
    allowed = {
        "TIME",
        "GET",
        "SET",
        "DEL",
        "ZADD",
        "ZREM",
        "ZRANGEBYSCORE",
        "ZRANGE",
        "INCRBY",
        "LPUSH",
        "LTRIM",
        "PEXPIRE",
        "SISMEMBER",
        "EXISTS",
        "PTTL",
    }
    import re

    for name in ("push", "claim", "renew", "ack", "lead", "resign"):
        used = set(re.findall(r"redis\.call\('(\w+)'", Script(name).source))
        assert used <= allowed, name


async def test_leases_of_several_queues_are_renewed_in_one_go():
    await push([waiting("a"), waiting("b", queue="mail")])
    leases = [*(await claim("default", "w1", 1)).leases, *(await claim("mail", "w1", 1)).leases]
    assert leases == [Lease("a", "default", leases[0].token), Lease("b", "mail", leases[1].token)]
    assert await renew(leases) == set()
