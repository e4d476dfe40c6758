"""Clients as they are: they come and go, fall asleep, lose their connection, and go on where they were."""

import asyncio
import random
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from tests.torture.record import Json, Record
from tests.torture.ways import LOST, Client, Refused

#: How long a connection lasts before its client breaks it off, on average.
STAY_SECONDS = 30.0
#: How long a client comes before it does something else than read, on average, and how long it then sleeps.
AWAKE_SECONDS, ASLEEP_SECONDS = 15.0, (0.5, 10.0)
#: Once in a while one sleeps for so long that it is sent away.
LONG_SLEEP_SHARE, LONG_SLEEP_SECONDS = 0.03, 50.0
RETURN_SECONDS = (0.05, 1.0)
#: An event is told live to a client that has listened for so long before.
SETTLED_SECONDS = 1.0
#: Share of the clients of a job that begin with its first event instead of a snapshot.
WHOLE_SHARE = 0.6

#: A way to listen: topic and position → messages.
type Way = Callable[[str, int | None], AsyncIterator[Json]]


@dataclass
class Scene:
    """What all watchers share."""

    #: Of each user, the newest last.
    jobs: dict[int, list[str]] = field(default_factory=dict)
    #: All that takes time takes that part of it.
    pace: float = 1.0
    #: Nothing happens any more: who is awake stays so, and hears the rest.
    is_over: bool = False
    #: When an event was made, and when it was heard by a client that listened all the while; Unix times.
    arrivals: list[tuple[float, float]] = field(default_factory=list)


class Watcher:
    def __init__(self, scene: Scene, client: Client, owner: int, rng: random.Random, way: Way) -> None:
        self.scene = scene
        self.client = client
        self.owner = owner
        self.rng = rng
        self.way = way
        self.records: list[Record] = []
        self.connections = 0
        self.sleeps = 0

    @abstractmethod
    async def run(self) -> None: ...

    async def listen(self, record: Record) -> None:
        """For one connection, however it ends."""
        self.connections += 1
        messages = self.way(record.topic, record.reconnect())
        try:
            async with asyncio.timeout(self._stay()), aclosing(messages):  # type: ignore[type-var]
                await self._hear(messages, record)
        except LOST:
            pass
        except Refused as error:
            record.findings.append(f"{record.topic}: {error}")
        if not record.has_ended:
            await asyncio.sleep(self.rng.uniform(*RETURN_SECONDS))

    def _stay(self) -> float | None:
        return None if self.scene.is_over else self._about(STAY_SECONDS)

    def _about(self, seconds: float) -> float:
        return self.rng.expovariate(1 / seconds) * self.scene.pace

    async def _hear(self, messages: AsyncIterator[Json], record: Record) -> None:
        listens_since = time.time()
        nap_at = listens_since + self._about(AWAKE_SECONDS)
        async for message in messages:
            now = time.time()
            if record.take(message):
                made_at = datetime.fromisoformat(message["at"]).timestamp()
                if made_at > listens_since + SETTLED_SECONDS:
                    self.scene.arrivals.append((made_at, now))
            if record.has_ended and not record.is_feed:
                return
            if now > nap_at and not self.scene.is_over:
                await self._sleep()
                listens_since = time.time()
                nap_at = listens_since + self._about(AWAKE_SECONDS)

    async def _sleep(self) -> None:
        self.sleeps += 1
        is_long = self.rng.random() < LONG_SLEEP_SHARE
        seconds = LONG_SLEEP_SECONDS if is_long else self.rng.uniform(*ASLEEP_SECONDS)
        await asyncio.sleep(seconds * self.scene.pace)


class JobWatcher(Watcher):
    """Follows a job to its end, then another one of the last that were submitted."""

    async def run(self) -> None:
        while not self.scene.is_over:
            followed = {record.topic for record in self.records}
            topics = {f"job:{job_id}" for job_id in self.scene.jobs[self.owner][-6:]} - followed
            if not topics:
                await asyncio.sleep(0.1)
                continue
            record = Record(self.rng.choice(sorted(topics)))
            record.position = 0 if self.rng.random() < WHOLE_SHARE else None
            self.records.append(record)
            while not record.has_ended:
                await self.listen(record)


class FeedWatcher(Watcher):
    """Follows all jobs of its user until it is told to stop."""

    async def run(self) -> None:
        record = Record(f"owner:{self.owner}")
        self.records.append(record)
        while True:
            await self.listen(record)
