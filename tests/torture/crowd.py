"""All clients and callers of a run, on an event loop in a thread of its own."""

import asyncio
import itertools
import random
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from tests.torture.record import Record, Truth
from tests.torture.watchers import FeedWatcher, JobWatcher, Scene, Watcher
from tests.torture.ways import LOST, Client, Refused

#: Of twenty clients.
MIX = ["socket"] * 7 + ["feed"] * 5 + ["sse"] * 4 + ["poll"] * 4
#: What the thread that a call comes from waits for the crowd's.
CALL_SECONDS = 120.0
#: Of a job.
STEPS, STEP_SECONDS = (3, 36), 0.33


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    clients: int
    #: Jobs that are submitted by all users together.
    calls_a_second: float
    #: How long everything takes, as part of what it takes in the long form.
    pace: float = 1.0


class Crowd:
    """`users`: id → token."""

    def __init__(self, port: int, users: dict[int, str], scale: Scale, seed: int) -> None:
        self._port = port
        self._users = users
        self._scale = scale
        self._seed = seed
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="crowd")
        self.scene = Scene(jobs={owner: [] for owner in users}, pace=scale.pace)
        self.watchers: list[Watcher] = []
        self.refusals: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    async def _begin(self) -> None:
        self._clients = {owner: Client(self._port, token) for owner, token in self._users.items()}
        self._callers = [asyncio.create_task(self._submit(owner)) for owner in self._users]
        owners = itertools.cycle(self._users)
        self.watchers = [
            self._watcher(kind, owner, random.Random(f"{self._seed} {number}"))
            for number, kind, owner in zip(
                range(self._scale.clients), itertools.cycle(MIX), owners, strict=False
            )
        ]
        self._watching = {watcher: asyncio.create_task(watcher.run()) for watcher in self.watchers}

    def _watcher(self, kind: str, owner: int, rng: random.Random) -> Watcher:
        client = self._clients[owner]
        if kind == "feed":
            return FeedWatcher(self.scene, client, owner, rng, client.socket)
        return JobWatcher(self.scene, client, owner, rng, getattr(client, kind))

    async def _submit(self, owner: int) -> None:
        rng = random.Random(f"{self._seed} of {owner}")
        while True:
            steps = rng.randint(*STEPS)
            seconds = steps * STEP_SECONDS * self.scene.pace
            with suppress(*LOST):
                try:
                    job_id = await self._clients[owner].submit(
                        "tests.torture.tasks.talk", steps=steps, seconds=seconds
                    )
                except Refused as error:
                    self.refusals.append(str(error))
                else:
                    self.scene.jobs[owner] += [job_id] if job_id else []
            await asyncio.sleep(rng.expovariate(self._scale.calls_a_second / len(self._users)))

    def stop_calling(self) -> None:
        self._call(self._stop_calling())

    async def _stop_calling(self) -> None:
        self.scene.is_over = True
        await _cancel(self._callers)

    def hear_the_rest(self, truth: Truth, seconds: float) -> None:
        """Returns when all that happened has been heard by everybody, or the time is over."""
        self._call(self._hear_the_rest(truth, seconds))

    async def _hear_the_rest(self, truth: Truth, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(self._lacking(truth)):
                    await asyncio.sleep(0.1)

    def findings(self, truth: Truth) -> list[str]:
        wrong = [error for record in self.records for error in record.errs(truth)]
        broken = [repr(task.exception()) for task in self._watching.values() if _has_failed(task)]
        return [*self._lacking(truth), *wrong, *broken, *self.refusals]

    def _lacking(self, truth: Truth) -> Iterator[str]:
        return (lack for record in self.records for lack in record.lacks(truth))

    async def _end(self) -> None:
        await _cancel([*self._callers, *self._watching.values()])
        for client in self._clients.values():
            await client.close()

    @property
    def records(self) -> list[Record]:
        return [record for watcher in self.watchers for record in watcher.records]

    @property
    def closes(self) -> Counter[int | None]:
        return sum((client.closes for client in self._clients.values()), Counter())


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
