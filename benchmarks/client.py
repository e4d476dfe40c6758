"""What the harness asks of a peer's own client: three jobs, enqueued in three ways. Runs in the peer's environment."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

#: How many callers enqueue at once in the concurrent way.
CALLERS = 100
#: Jobs handed over in one call of the bulk way.
BULK = 1_000
#: A peer without a way to wait for a result is asked this often whether there is one.
ASK_SECONDS = 0.001
#: What a nap lasts.
NAP_SECONDS = 0.01
#: The jobs' arguments, by name: `add` returns its sum, `nap` sleeps for NAP_SECONDS, `ping` says that it runs.
ARGUMENTS: dict[str, tuple[int, ...]] = {"add": (1, 2), "nap": (), "ping": ()}


class Client(ABC):
    """A peer's client; used from one event loop."""

    #: Whether it can hand over many jobs in one call, and whether it can tell a job's result.
    has_bulk: ClassVar[bool] = False
    has_results: ClassVar[bool] = True

    async def open(self) -> None:  # noqa: B027  most connect by themselves
        """Connects."""

    async def close(self) -> None:  # noqa: B027
        """Disconnects."""

    @abstractmethod
    async def enqueue(self, job: str) -> Any:
        """One job; returns what `result` takes, once the peer's store has accepted it."""

    async def enqueue_bulk(self, job: str, count: int) -> None:
        """At most BULK jobs in one call."""
        raise NotImplementedError

    async def result(self, handle: Any) -> Any:
        """Waits until the job has ended, in the quickest way that the peer documents."""
        raise NotImplementedError

    async def round_trip(self, job: str) -> Any:
        return await self.result(await self.enqueue(job))

    async def enqueue_singly(self, job: str, count: int) -> None:
        for _ in range(count):
            await self.enqueue(job)

    async def enqueue_concurrently(self, job: str, count: int) -> None:
        numbers = iter(range(count))
        await asyncio.gather(*(self._call_while_any(job, numbers) for _ in range(CALLERS)))

    async def _call_while_any(self, job: str, numbers: Iterator[int]) -> None:
        for _ in numbers:
            await self.enqueue(job)

    async def enqueue_many(self, job: str, count: int) -> None:
        for first in range(0, count, BULK):
            await self.enqueue_bulk(job, min(BULK, count - first))


class BlockingClient(Client):
    """Of a peer whose client blocks; its concurrent callers are threads."""

    @abstractmethod
    def enqueue_now(self, job: str) -> Any: ...

    async def enqueue(self, job: str) -> Any:
        return self.enqueue_now(job)

    async def enqueue_concurrently(self, job: str, count: int) -> None:
        def enqueue_some(_: int) -> None:
            for _ in numbers:
                self.enqueue_now(job)

        numbers = iter(range(count))
        with ThreadPoolExecutor(CALLERS) as threads:
            list(threads.map(enqueue_some, range(CALLERS)))
