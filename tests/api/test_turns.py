"""Owners take turns."""

import asyncio
from functools import partial
from itertools import pairwise

import pytest

from jobs.api import turns as module
from jobs.api.turns import RECENT_SECONDS, Turns


class Desk:
    """Where submissions are worked on until they are told to end."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.turns = Turns(clock=lambda: self.now)
        self.ends: dict[str, asyncio.Event] = {}
        self.working: list[str] = []

    async def _work(self, name: str) -> None:
        async with self.turns.turn(name.split("-", maxsplit=1)[0]):
            self.working.append(name)
            await self.ends[name].wait()
            self.working.remove(name)

    def begin(self, *names: str) -> list[asyncio.Task[None]]:
        self.ends |= {name: asyncio.Event() for name in names}
        return [asyncio.create_task(self._work(name)) for name in names]

    async def send(self, *names: str) -> list[asyncio.Task[None]]:
        tasks = self.begin(*names)
        await settle()
        return tasks

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settle()

    async def until_working(self, name: str) -> None:
        async with asyncio.timeout(5):
            while name not in self.working:
                await asyncio.sleep(0)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def desk():
    return Desk()


ADAS = ["ada-0", "ada-1", "ada-2", "ada-3"]


async def test_who_is_alone_waits_for_nobody(desk):
    await desk.send(*ADAS)
    assert desk.working == ADAS


async def test_beside_another_one_of_an_owners_is_worked_on_at_a_time(desk):
    await desk.send("bob-0", *ADAS)
    assert desk.working == ["bob-0", "ada-0"]
    await desk.send("carol-0")
    assert desk.working == ["bob-0", "ada-0", "carol-0"]


async def test_the_next_one_has_its_turn_after_a_rest_whoever_else_comes(desk, monkeypatch):
    await desk.send("bob-0", *ADAS)
    monkeypatch.setattr(module, "REST_SECONDS", 60)
    await desk.end("ada-0")
    await desk.send("carol-0")
    await desk.end("bob-0")
    assert desk.working == ["carol-0"]
    monkeypatch.undo()
    await desk.send("dora-0", "dora-1")
    await desk.end("dora-0")
    await desk.until_working("dora-1")


async def test_who_sends_one_after_the_other_never_rests(desk, monkeypatch):
    monkeypatch.setattr(module, "REST_SECONDS", 60)
    await desk.send("bob-0")
    for name in ADAS:
        await desk.send(name)
        assert desk.working == ["bob-0", name]
        await desk.end(name)


async def test_one_follows_the_other_after_a_rest_each(desk):
    await desk.send("bob-0", *ADAS)
    await desk.end("bob-0")
    for name, following in pairwise(ADAS):
        await desk.end(name)
        await desk.until_working(following)


async def test_who_is_alone_again_has_all_the_room(desk):
    await desk.send("bob-0", *ADAS)
    await desk.end("bob-0")
    desk.now += RECENT_SECONDS
    await desk.end("ada-0")
    assert desk.working == ADAS[1:]


async def test_who_gives_up_leaves_the_turn_to_the_next(desk):
    bob, *adas = await desk.send("bob-0", *ADAS)
    adas[1].cancel()  # waits
    adas[0].cancel()  # is worked on
    bob.cancel()
    await desk.until_working(ADAS[2])
    assert ADAS[1] not in desk.working


async def test_who_gives_up_takes_nobody_elses_line_away(desk, monkeypatch):
    rests = []
    monkeypatch.setattr(
        asyncio.get_running_loop(), "call_later", lambda _, *call: rests.append(partial(*call))
    )
    *_, given_up = await desk.send("bob-0", "ada-0", "ada-1")
    await desk.end("ada-0")
    [rest] = rests
    # All at once: others of hers are about to come, her rest ends, which leaves her line empty, and she who gave up
    # learns of it last.
    desk.begin("ada-2", "ada-3")
    given_up.cancel()
    rest()
    await settle()
    await desk.send("ada-4")
    assert desk.working == ["bob-0", "ada-2"]


async def test_nothing_is_kept_of_those_who_have_gone(desk):
    await desk.send("bob-0", "ada-0")
    await desk.end("bob-0")
    await desk.end("ada-0")
    assert not desk.turns._lines


async def test_a_batch_rests_beside_others_alone(desk, monkeypatch):
    monkeypatch.setattr(module, "REST_SECONDS", 60)
    await asyncio.wait_for(desk.turns.rest("ada"), 5)
    await desk.send("bob-0")
    resting = asyncio.create_task(desk.turns.rest("ada"))
    await settle()
    assert not resting.done()
    resting.cancel()
