"""Calls at the same moment are done together."""

import asyncio

import pytest

from jobs.together import Together


@pytest.fixture
def batches():
    """What was asked at once, each time."""
    return []


@pytest.fixture
def double(batches):
    async def do(calls):
        batches.append([call.asked for call in calls])
        await asyncio.sleep(0)
        for call in calls:
            if call.asked is None:
                raise ValueError("Nothing to double.")
            call.give(2 * call.asked)

    return Together(do, most=3)


async def test_what_comes_while_others_are_served_is_served_at_once_afterwards(double, batches):
    answers = await asyncio.gather(*(double(number) for number in range(5)))
    assert (answers, batches) == ([0, 2, 4, 6, 8], [[0, 1, 2], [3, 4]])
    assert await double(5) == 10
    assert batches[2:] == [[5]]


async def test_an_error_is_that_of_the_callers_who_have_no_answer_yet(double, batches):
    calls = [double(asked) for asked in (1, None, 2, 3)]
    first, second, third, fourth = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, fourth) == (2, 6)
    assert isinstance(second, ValueError)
    assert third is second


async def test_who_gives_up_leaves_the_others_their_answers(double):
    calls = [asyncio.create_task(double(number)) for number in range(2)]
    await asyncio.sleep(0)
    calls[0].cancel()
    assert await calls[1] == 2


def test_each_event_loop_has_a_line_of_its_own(double):
    assert [asyncio.run(double(number)) for number in range(2)] == [0, 2]
