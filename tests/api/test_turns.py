"""Owners take turns."""

import asyncio

import pytest

from jobs.api import turns as module
from jobs.api.turns import MAX_BESIDE, RECENT_SECONDS, Turns


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

    async def send(self, *names: str) -> list[asyncio.Task[None]]:
        self.ends |= {name: asyncio.Event() for name in names}
        tasks = [asyncio.create_task(self._work(name)) for name in names]
        await settle()
        return tasks

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settle()


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def desk():
    return Desk()


ADAS = [f"ada-{number}" for number in range(MAX_BESIDE + 3)]


async def test_who_is_alone_waits_for_nobody(desk):
    await desk.send(*ADAS)
    assert desk.working == ADAS


async def test_beside_another_few_of_an_owners_are_worked_on_and_the_others_wait_in_line(desk):
    await desk.send("bob-0")
    await desk.send(*ADAS)
    assert desk.working == ["bob-0", *ADAS[:MAX_BESIDE]]
    await desk.send("carol-0")
    assert "carol-0" in desk.working
    await desk.end(ADAS[0])
    assert desk.working == ["bob-0", *ADAS[1:MAX_BESIDE], "carol-0", ADAS[MAX_BESIDE]]


async def test_who_is_alone_again_has_all_the_room(desk):
    await desk.send("bob-0", *ADAS)
    await desk.end("bob-0")
    await desk.end(ADAS[0])
    assert len(desk.working) == MAX_BESIDE
    desk.now += RECENT_SECONDS
    await desk.end(ADAS[1])
    assert desk.working == ADAS[2:]


async def test_who_gives_up_leaves_the_turn_to_the_next(desk):
    _, *adas = await desk.send("bob-0", *ADAS)
    adas[MAX_BESIDE].cancel()  # waits
    adas[0].cancel()  # works
    await settle()
    assert ADAS[MAX_BESIDE] not in desk.working
    assert ADAS[MAX_BESIDE + 1] in desk.working


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
