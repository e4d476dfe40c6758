"""A loop has one client of Redis, and what that raises is known."""

import asyncio
import contextvars

import pytest
import uvloop

from jobs.broker import client


async def test_a_loop_keeps_its_client():
    assert client.redis() is client.redis()
    assert client.is_open()
    await client.close()
    assert not client.is_open()


async def test_a_call_from_sync_code_closes_no_client_but_its_own():
    async with client.for_one_call():
        own = client.redis()
        assert await asyncio.create_task(_another_s_client(), context=contextvars.Context()) is not own
    assert client.redis() is not own
    async with client.for_one_call():
        assert client.redis() is not own
    assert await client.redis().ping()


async def _another_s_client():
    await client.redis().ping()
    return client.redis()


def test_a_transport_that_was_closed_is_told_as_a_lost_connection_under_uvloop_too():
    async def use():
        connection = client.redis().connection_pool.make_connection()
        await connection.connect()
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(client.BROKER_ERRORS):
            await connection.send_command("PING")
        await client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(use())
