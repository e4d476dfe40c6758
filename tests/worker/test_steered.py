"""An error that is thrown into a coroutine is like one that it awaited."""

import asyncio
from typing import Any

import pytest

from jobs.worker.steered import Steered


class Nudge(Exception):
    pass


async def interrupted(coroutine) -> asyncio.Task[Any]:
    """The coroutine as a task, which has been interrupted where it first waits."""
    steered = Steered(coroutine)

    async def run():
        return await steered

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    steered.interrupt(Nudge())
    return task


async def test_it_is_raised_where_the_coroutine_awaits():
    async def wait_for_ever():
        await asyncio.Event().wait()

    with pytest.raises(Nudge):
        await (await interrupted(wait_for_ever()))


async def test_the_coroutine_may_catch_it_and_go_on():
    async def stand_up_again():
        try:
            await asyncio.Event().wait()
        except Nudge:
            async with asyncio.timeout(5):
                await asyncio.sleep(0.001)
            return asyncio.current_task().cancelling()

    assert await (await interrupted(stand_up_again())) == 0, "it does not count as cancelled"


async def test_it_goes_through_time_limits_and_task_groups_of_the_coroutine():
    async def limited():
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait())
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await (await interrupted(limited()))
    assert caught.group_contains(Nudge)


async def test_a_later_cancellation_is_one():
    async def stand_up_again():
        try:
            await asyncio.Event().wait()
        except Nudge:
            await asyncio.Event().wait()

    task = await interrupted(stand_up_again())
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_values_and_errors_come_through():
    async def add():
        await asyncio.sleep(0)
        return 3

    async def divide():
        await asyncio.sleep(0)
        return 1 / 0

    assert await Steered(add()) == 3
    with pytest.raises(ZeroDivisionError):
        await Steered(divide())
