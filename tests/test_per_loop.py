"""Each event loop has its own."""

import asyncio
import weakref

import pytest

from jobs.per_loop import PerLoop


class Thing:
    """As much of what a loop has does, it holds its loop."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()


@pytest.fixture
def things():
    return PerLoop(Thing)


async def test_a_loop_gets_the_same_one_each_time(things):
    assert not things.is_there
    assert things() is things()
    assert things.is_there


async def test_what_was_forgotten_is_made_anew(things):
    first = things()
    assert things.forget() is first
    assert not things.is_there
    assert things.forget() is None
    assert things() is not first


def test_those_of_ended_loops_are_let_go(things):
    async def use():
        thing = things()
        assert thing.loop is asyncio.get_running_loop()
        return weakref.ref(thing)

    former, last = [asyncio.run(use()) for _ in range(2)]
    assert (former(), last() is None) == (None, False)


async def test_loops_of_other_threads_may_come_meanwhile(things):
    class Other:
        """While it is asked, one more comes."""

        def is_closed(self):
            things._of[Other()] = None
            return False

    things._of[Other()] = None
    assert things() is things()
