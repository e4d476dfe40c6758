import asyncio

from jobs.broker import client


def test_the_clients_of_ended_loops_are_let_go():
    async def use():
        client.redis()  # opens no connection yet

    for _ in range(3):
        asyncio.run(use())
    assert sum(loop.is_closed() for loop in client._pools) <= 1


async def test_a_loop_keeps_its_client():
    assert client.redis() is client.redis()
    assert client.is_open()
    await client.close()
    assert not client.is_open()
