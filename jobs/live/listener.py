"""What one client hears: any number of topics, as one row of messages that cannot grow without end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

from jobs.access import Access
from jobs.errors import BrokerUnavailable, JobError
from jobs.live.hub import Ending, hub
from jobs.live.messages import Message, error_message
from jobs.live.watches import NotFound, Watch, watch_of
from jobs.store import STORE_ERRORS

#: Messages that may wait for a client, and their size; one that falls further behind reads the log instead.
MAX_WAITING = 256
MAX_WAITING_BYTES = 1024 * 1024


class Ended(JobError):
    """The client hears no more."""

    def __init__(self, why: Ending) -> None:
        super().__init__(f"It hears no more: {why.value}.")
        self.why = why


class Unavailable(JobError):
    """The database is away; try again in a moment."""


class Listener:
    """An async context manager, and an async iterator of what to send next.

    Iterating raises Ended when the process ends or the right to listen is lost, and Unavailable when a topic's first
    message cannot be read. Topics may be watched and left at any time, from the same event loop.
    """

    def __init__(self, access: Access | None = None) -> None:
        """Without access it is this process' own, and hears everything."""
        self.access = access
        self._hub = hub()
        self._watches: dict[str, Watch[Any]] = {}
        #: The one that reads right now.
        self._reading: Watch[Any] | None = None
        # Short lists, not deques: an empty deque takes 760 bytes, and most are empty most of the time.
        #: What was read, and goes before what was heard.
        self._page: list[tuple[Watch[Any] | None, Message]] = []
        self._heard: list[tuple[Watch[Any] | None, Message]] = []
        self._heard_bytes = 0
        self._ending: Ending | None = None
        self._has_more: asyncio.Future[None] | None = None
        #: See next_within().
        self._coming: asyncio.Future[Message] | None = None

    async def __aenter__(self) -> Self:
        self._hub.enter(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._coming:
            self._coming.cancel()
            await asyncio.wait({self._coming})
        for topic in list(self._watches):
            self.leave(topic)
        await self._hub.leave(self)

    @property
    def topics(self) -> int:
        """How many it watches."""
        return len(self._watches)

    def is_watching(self, topic: str) -> bool:
        return topic in self._watches

    def watch(self, topic: str, after: int | None = None) -> None:
        """Begins, or begins anew, with what came after the position that the client has; None: it has nothing."""
        self.leave(topic)
        try:
            self._watches[topic] = watch_of(topic, self._hub, self.access, after, self._take)
        except NotFound:
            self._page.append((None, _not_found(topic)))
        self._wake()

    def leave(self, topic: str) -> None:
        if watch := self._watches.pop(topic, None):
            # One that reads may yet open its feed or go live, and is closed after that.
            if watch is not self._reading:
                watch.close()
            self._page = [each for each in self._page if each[0] is not watch]
            self._heard = [each for each in self._heard if each[0] is not watch]
            self._heard_bytes = sum(message.size for _, message in self._heard)

    def say(self, message: Message) -> None:
        """Adds a message of another kind."""
        self._page.append((None, message))
        self._wake()

    def end(self, why: Ending) -> None:
        self._ending = why
        self._wake()

    def try_again(self) -> None:
        """The store may be back."""
        if any(watch.rests for watch in self._watches.values()):
            for watch in self._watches.values():
                watch.rests = False
            self._wake()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        while True:
            if self._ending:
                raise Ended(self._ending)
            if message := self._next():
                return message
            if watch := self._next_to_read():
                await self._read(watch)
            else:
                self._has_more = asyncio.get_running_loop().create_future()
                await self._has_more

    async def next_within(self, seconds: float) -> Message | None:
        """The next message; None if none comes in the time."""
        if self._coming is None:
            self._coming = asyncio.ensure_future(anext(self))
        done, _ = await asyncio.wait({self._coming}, timeout=seconds)
        if not done:
            return None
        coming, self._coming = self._coming, None
        return coming.result()

    def is_last(self, message: Message) -> bool:
        """Whether it says that its job has ended, and nothing came after it: somebody may have started it again."""
        is_live = all(watch.is_live for watch in self._watches.values())
        return message.is_end and is_live and not self._page and not self._heard

    def _next(self) -> Message | None:
        if self._page:
            watch, message = self._page.pop(0)
        elif self._heard:
            watch, message = self._heard.pop(0)
            self._heard_bytes -= message.size
        else:
            return None
        if watch:
            watch.sent = message.position
        return message

    def _next_to_read(self) -> Watch[Any] | None:
        watches = self._watches.values()
        return next((watch for watch in watches if not watch.is_live and not watch.rests), None)

    async def _read(self, watch: Watch[Any]) -> None:
        self._reading = watch
        try:
            page = await self._page_of(watch)
        finally:
            self._reading = None
            if not self._has(watch):
                watch.close()
        if self._has(watch):
            self._page.extend((watch, message) for message in page)

    def _has(self, watch: Watch[Any]) -> bool:
        """Whether it was not left meanwhile."""
        return self._watches.get(watch.topic) is watch

    async def _page_of(self, watch: Watch[Any]) -> list[Message]:
        try:
            return await watch.read()
        except NotFound:
            if self._has(watch):
                self.leave(watch.topic)
                self._page.append((None, _not_found(watch.topic)))
        except STORE_ERRORS as error:
            if watch.sent is None:
                raise Unavailable from error
            watch.rests = True
        except BrokerUnavailable:
            watch.rests = True
        return []

    def _take(self, watch: Watch[Any], message: Message) -> None:
        if len(self._heard) >= MAX_WAITING or self._heard_bytes + message.size > MAX_WAITING_BYTES:
            self._fall_behind()
        else:
            self._heard.append((watch, message))
            self._heard_bytes += message.size
        self._wake()

    def _fall_behind(self) -> None:
        """All that waits is dropped, and read from the log once the client has made room."""
        dropped = {watch for watch, _ in self._page if watch}
        self._page = [each for each in self._page if not each[0]]
        self._heard.clear()
        self._heard_bytes = 0
        for watch in self._watches.values():
            if watch.is_live or watch in dropped:
                watch.fall_behind()

    def _wake(self) -> None:
        if self._has_more and not self._has_more.done():
            self._has_more.set_result(None)


def _not_found(topic: str) -> Message:
    return error_message("not_found", f"There is no topic {topic!r} for you.", topic)
