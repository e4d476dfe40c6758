"""One claim serves several queues: by share, by limit, and none that is paused."""

import asyncio
import time

import pytest

from jobs.broker import client, keys, ready
from jobs.broker.envelope import envelope
from jobs.broker.ready import Share, Waiting, push
from jobs.worker.bell import Bell


async def fill(**queues: int) -> None:
    body = envelope(task_path="tests.sample_tasks.add", enqueued_at_ms=1, priority=0)
    await push(
        Waiting(job_id=f"{queue}{n}", queue=queue, due_ms=0, priority=0, envelope=body)
        for queue, count in queues.items()
        for n in range(count)
    )


async def claimed(slots: int, *shares: tuple[str, int, int]) -> dict[str, int]:
    claim = await ready.claim("w1", slots, [Share(*share) for share in shares])
    assert all(lease.job_id.startswith(lease.queue) for lease in claim.leases)
    return {queue: sum(lease.queue == queue for lease in claim.leases) for queue, *_ in shares}


async def test_each_queue_gets_its_share():
    await fill(mail=10, reports=10)
    assert await claimed(8, ("mail", 6, 8), ("reports", 2, 8)) == {"mail": 6, "reports": 2}


async def test_what_one_queue_leaves_goes_to_the_others():
    await fill(mail=1, reports=10)
    assert await claimed(8, ("mail", 6, 8), ("reports", 2, 8)) == {"mail": 1, "reports": 7}


@pytest.mark.parametrize("max_slots", [0, 1, 2])
async def test_a_queue_gets_no_more_than_it_may_have(max_slots):
    await fill(mail=5)
    assert await claimed(4, ("mail", 4, max_slots)) == {"mail": max_slots}


async def test_a_worker_is_told_that_jobs_wait_for_their_queue_s_limit():
    await fill(mail=2)
    claim = await ready.claim("w1", 4, [Share("mail", 4, 1)])
    assert (claim.is_capped, claim.pause_seconds) == (True, None)
    claim = await ready.claim("w1", 4, [Share("mail", 4, 1)])
    assert len(claim.leases) == 1
    assert not claim.is_capped


async def test_a_paused_queue_gives_nothing_and_wakes_nobody():
    await fill(mail=2, reports=1)
    await client.redis().sadd(keys.PAUSED, keys.queue("mail"))
    claim = await ready.claim("w1", 4, [Share("mail", 2, 4), Share("reports", 2, 4)])
    assert [lease.queue for lease in claim.leases] == ["reports"]
    again = await ready.claim("w1", 4, [Share("mail", 4, 4)])
    assert (again.leases, again.pause_seconds, again.is_capped) == ([], None, False)
    await client.redis().srem(keys.PAUSED, keys.queue("mail"))
    assert await claimed(4, ("mail", 4, 4)) == {"mail": 2}


async def test_thousands_of_jobs_fit_into_one_claim():
    await fill(mail=5000)
    assert await claimed(5000, ("mail", 5000, 5000)) == {"mail": 5000}


async def test_a_bell_that_rang_for_a_worker_without_slots_rings_for_another():
    busy, idle = Bell(["mail", "reports"]), Bell(["mail", "reports"])
    await busy.wait(0.05, None)
    await fill(reports=1)
    waiting = asyncio.create_task(idle.wait(5, None))
    started = time.monotonic()
    async with asyncio.timeout(2):
        while not waiting.done():
            await busy.pass_on()
            await asyncio.sleep(0.01)
    assert time.monotonic() - started < 2
    await busy.close()
    await idle.close()


async def test_a_bell_wakes_for_a_freed_slot():
    freed, bell = asyncio.Event(), Bell(["mail"])
    asyncio.get_running_loop().call_later(0.05, freed.set)
    async with asyncio.timeout(2):
        await bell.wait(10, freed)
    await bell.close()


async def test_a_bell_keeps_time_to_the_millisecond():
    """Redis' own time-outs are up to 100 ms late."""
    bell = Bell(["mail"])
    late = []
    for _ in range(5):
        started = time.monotonic()
        await bell.wait(0.03, None)
        late.append(time.monotonic() - started - 0.03)
    assert sorted(late)[2] < 0.02
    await bell.close()


async def test_a_bell_says_that_redis_is_away(monkeypatch):
    async def away(*_):
        raise ConnectionError("gone")

    monkeypatch.setattr(ready, "wait", away)
    bell = Bell(["mail"])
    with pytest.raises(ConnectionError, match="gone"):
        await bell.wait(1, None)


@pytest.mark.parametrize("waiting, cost", [(0, {"exists": 1}), (1, {"exists": 1, "zrange": 3})])
async def test_an_idle_look_costs_next_to_nothing(waiting, cost):
    shares = [Share(queue, 1, 4) for queue in ("mail", "reports", "default")]
    await ready.claim("w1", 4, shares)  # loads the script
    later = int(time.time() * 1000) + 60_000
    body = envelope(task_path="tests.sample_tasks.add", enqueued_at_ms=1, priority=0)
    await push(
        Waiting(job_id=f"later{n}", queue="mail", due_ms=later, priority=0, envelope=body)
        for n in range(waiting)
    )
    await client.redis().config_resetstat()
    await ready.claim("w1", 4, shares)
    stats = await client.redis().info("commandstats")
    calls = {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()}
    assert {name: calls[name] for name in calls if name not in {"config|resetstat", "info"}} == {
        "evalsha": 1,
        "time": 1,
        **cost,
    }
