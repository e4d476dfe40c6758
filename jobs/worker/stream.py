"""A streaming task: an async generator, each value of which is told as soon as it is there."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import msgspec

from jobs.arguments import is_larger, jsonable
from jobs.conf import options
from jobs.errors import AttemptOver, InvalidArguments, InvalidChunk
from jobs.models import EventKind
from jobs.worker.attempt import Attempt

#: One chunk as JSON, in bytes.
MAX_CHUNK_BYTES = 64 * 1024
#: With more than that unwritten, the generator waits at its `yield`.
MAX_UNWRITTEN_CHUNKS = 256
MAX_UNWRITTEN_BYTES = 256 * 1024


async def stream(attempt: Attempt, function: Callable[[], AsyncGenerator[Any, None]]) -> list[Any]:
    """Runs its generator to its end, and closes it in any case; answers the values, which are the job's result.

    Whatever interrupts the wait for the store is raised in the generator, at its `yield`, as anywhere else that it
    waits. Raises InvalidChunk for a value that can't be kept.
    """
    chunks = Chunks(attempt)
    async with aclosing(function()) as generator:
        step = generator.asend(None)
        while True:
            try:
                value = await step
            except StopAsyncIteration:
                return chunks.values
            chunks.add(value)
            try:
                await chunks.have_room()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  it is raised there
                step = generator.athrow(error)
            else:
                step = generator.asend(None)


class Chunks:
    """Those of one attempt."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        #: All of them, or as many as are together too large for a result.
        self.values: list[Any] = []
        self._max_result_bytes = options().max_result_bytes
        self._count = 0
        self._bytes = 0
        self._unwritten_chunks = 0
        self._unwritten_bytes = 0
        self._refusal: Exception | None = None
        self._room: asyncio.Future[None] | None = None

    def add(self, value: Any) -> None:
        """Raises InvalidChunk, or AttemptOver when nothing of the attempt is recorded any more."""
        if self._attempt.voice.is_closed:
            raise AttemptOver
        if self._refusal:
            raise self._refusal
        value, size = self._checked(value)
        if self._bytes <= self._max_result_bytes:
            self.values.append(value)
        data = {"index": self._count, "value": value}
        self._count += 1
        self._bytes += size
        self._unwritten_chunks += 1
        self._unwritten_bytes += size
        self._attempt.voice.say(EventKind.CHUNK, data, partial(self._are_written, size))

    def _checked(self, value: Any) -> tuple[Any, int]:
        """As JSON will give it back, without secrets; and its bytes."""
        too_large = f"takes more than {MAX_CHUNK_BYTES} bytes as JSON; yield smaller pieces"
        if is_larger(value, MAX_CHUNK_BYTES):
            raise self._invalid(too_large)
        try:
            value = jsonable(value, ("value",))
        except InvalidArguments as error:
            [(_, sentence)] = error.problems
            raise self._invalid(f"{sentence[0].lower()}{sentence[1:-1]}") from error
        if self._attempt.job.secrets:
            value = self._attempt.voice.mask.within(value)
        if (size := len(msgspec.json.encode(value))) > MAX_CHUNK_BYTES:
            raise self._invalid(too_large)
        return value, size

    def _invalid(self, why: str) -> InvalidChunk:
        return InvalidChunk(f"Value {self._count} that was yielded {why}.")

    async def have_room(self) -> None:
        """Gives others a turn, and waits while too much is unwritten."""
        await asyncio.sleep(0)
        while self._is_full:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    @property
    def _is_full(self) -> bool:
        return self._unwritten_chunks >= MAX_UNWRITTEN_CHUNKS or self._unwritten_bytes >= MAX_UNWRITTEN_BYTES

    def _are_written(self, size: int, refusal: Exception | None) -> None:
        self._refusal = self._refusal or refusal
        self._unwritten_chunks -= 1
        self._unwritten_bytes -= size
        if self._room and not self._room.done():
            self._room.set_result(None)
