"""Token buckets, in Redis and in a process alone."""

import pytest

from jobs.broker import keys, limits
from jobs.broker.limits import Bucket, OwnBuckets, take

SMALL = Bucket(per_second=0.01, size=3)


async def test_a_bucket_gives_what_it_holds_and_then_says_how_long_to_wait(redis_sync):
    left = [(taken := await take("ada", 1, SMALL)).left for _ in range(3)]
    assert (left, taken.is_taken, round(taken.full_seconds)) == ([2, 1, 0], True, 300)
    refused = await take("ada", 1, SMALL)
    assert (refused.is_taken, refused.left, round(refused.retry_seconds)) == (False, 0, 100)
    assert (await take("bob", 3, SMALL)).is_taken
    assert redis_sync.pttl(keys.bucket("ada")) <= 300_001


async def test_a_bucket_that_does_not_hold_so_much_gives_nothing():
    assert not (await take("ada", 4, SMALL)).is_taken
    assert (await take("ada", 2, SMALL)).is_taken
    refused = await take("ada", 2, SMALL)
    assert (refused.is_taken, refused.left) == (False, 1)
    assert (await take("ada", 1, SMALL)).is_taken


async def test_a_bucket_fills_up_with_time():
    quick = Bucket(per_second=1e6, size=1)
    assert [(await take("ada", 1, quick)).is_taken for _ in range(50)] == [True] * 50


async def test_without_redis_a_process_keeps_the_limit_by_itself(monkeypatch, settings):
    asked = []

    async def fail(*_):
        asked.append(1)
        raise ConnectionError("away")

    now = [1000.0]
    monkeypatch.setattr(limits, "_take", fail)
    monkeypatch.setattr(limits, "_own", OwnBuckets(clock=lambda: now[0]))
    assert [(await take("ada", 1, SMALL)).is_taken for _ in range(4)] == [True, True, True, False]
    assert len(asked) == 1  # who has failed is not asked for each
    now[0] += 100
    assert [(await take("ada", 1, SMALL)).is_taken for _ in range(2)] == [True, False]
    assert len(asked) == 2


def test_a_process_forgets_the_fullest_of_too_many_buckets(monkeypatch):
    monkeypatch.setattr(limits, "MAX_OWN", 10)
    own = OwnBuckets(clock=lambda: 0.0)
    own.take("emptied", 3, SMALL)
    for owner in range(10):
        own.take(owner, 1, SMALL)
    assert not own.take("emptied", 1, SMALL).is_taken
    assert len(own._full_at) <= 10


@pytest.fixture(autouse=True)
def _redis_in_charge(monkeypatch):
    monkeypatch.setattr(limits, "_own", OwnBuckets())
