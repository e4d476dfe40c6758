"""Of several that ask for the same at once, one goes ahead."""

import asyncio

import pytest
import redis.exceptions
from redis.asyncio.connection import AbstractConnection

from jobs.broker import client, keys
from jobs.broker.alone import alone


@pytest.fixture
async def after_the_answer(monkeypatch):
    """Has something done to the next answer of Redis, once it is there."""
    await client.redis().ping()  # connects
    read = AbstractConnection.read_response
    waiting = []

    async def reading(self, *args, **named):
        answer = await read(self, *args, **named)
        if waiting:
            await waiting.pop()(self)
        return answer

    monkeypatch.setattr(AbstractConnection, "read_response", reading)
    return waiting.append


async def held():
    return await client.redis().get(keys.alone("a")) is not None


async def test_one_goes_ahead_and_the_others_are_told_so():
    async with alone("a") as first, alone("a") as second, alone("b") as other:
        assert (first, second, other) == (True, False, True)
    assert not await held()


async def test_who_is_told_no_takes_nothing_away():
    async with alone("a"):
        async with alone("a"):
            pass
        assert await held()


async def test_who_asks_again_as_the_answer_was_lost_is_not_in_its_own_way(after_the_answer):
    async def lose(connection):
        await connection.disconnect()
        raise redis.exceptions.ConnectionError("The answer was lost.")

    after_the_answer(lose)
    async with alone("a") as is_alone:
        assert is_alone
    assert not await held()


async def test_who_goes_away_before_the_answer_leaves_nothing_behind(after_the_answer):
    answered = asyncio.Event()

    async def never(_connection):
        answered.set()
        await asyncio.Event().wait()

    async def ask():
        async with alone("a"):
            pass

    after_the_answer(never)
    asking = asyncio.create_task(ask())
    await asyncio.wait_for(answered.wait(), 5)
    asking.cancel()
    await asyncio.wait({asking})
    assert not await held()
