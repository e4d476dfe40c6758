"""What one event loop hears of what happens to jobs, for all who listen in it.

Each topic is joined once, read once and encoded once, however many watch it. One check of the log's tail serves all.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from jobs.access import still_valid
from jobs.errors import JobError
from jobs.events.topics import OPS, group
from jobs.live import reads
from jobs.live.doorbell import Doorbell
from jobs.live.feeds import Feed, JobFeed, OwnerFeed
from jobs.per_loop import PerLoop
from jobs.store import STORE_ERRORS, ReadThread

if TYPE_CHECKING:
    from jobs.live.listener import Listener

logger = logging.getLogger(__name__)

#: A message that the channel layer lost is noticed after so long at the latest.
TAIL_CHECK_SECONDS = 4.0
#: Who has lost the right to listen is sent away after so long at the latest.
ACCESS_CHECK_SECONDS = 30.0

#: Sockets and streams that one user may have open in one process.
MAX_LISTENERS = 1000

#: Where the log is read. Apart from the threads of requests: a stream may last for hours, and holds none of them.
reader = ReadThread()


class TooMany(JobError):
    """This user has as many sockets and streams open as one may."""


class Ending(Enum):
    """Why a listener hears no more."""

    #: Its user, session or token is no longer good.
    ACCESS_LOST = "access lost"
    #: This process ends; another goes on.
    SHUTDOWN = "shutdown"


class Hub:
    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        #: How many each user has.
        self._of_users: Counter[Any] = Counter()
        self._feeds: dict[str, Feed] = {}
        self._behind: dict[Feed, None] = {}
        self._has_behind = asyncio.Event()
        self._doorbell: Doorbell | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_store_away = False
        self._is_shut_down = False

    def enter(self, listener: "Listener") -> None:
        """Raises TooMany."""
        if access := listener.access:
            if self._of_users[access.user.pk] >= MAX_LISTENERS:
                raise TooMany
            self._of_users[access.user.pk] += 1
        if not self.listeners:
            self._doorbell = Doorbell(self._hear)
            for work in (self._read_behind, self._check_tails, self._check_access):
                self.spawn(work())
        self.listeners.add(listener)
        if self._is_shut_down:
            listener.end(Ending.SHUTDOWN)

    async def leave(self, listener: "Listener") -> None:
        """The last one puts out the light."""
        self.listeners.discard(listener)
        if listener.access:
            self._forget_one(listener.access.user.pk)
        if self.listeners:
            return
        doorbell, self._doorbell = self._doorbell, None
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        if doorbell:
            await doorbell.close()

    def _forget_one(self, user_id: Any) -> None:
        self._of_users[user_id] -= 1
        if not self._of_users[user_id]:
            del self._of_users[user_id]

    def shut_down(self) -> None:
        """Tells all who listen, and all who still come, that this process ends."""
        self._is_shut_down = True
        for listener in self.listeners:
            listener.end(Ending.SHUTDOWN)

    async def read[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Asks the store. Raises one of STORE_ERRORS."""
        answer = await reader(function, *args, **kwargs)
        self._is_store_away = False
        return answer

    async def open[F: Feed](self, topic: str, make: Callable[["Hub"], F]) -> F:
        """The topic's feed for one more watch, which has to close() it. Raises one of STORE_ERRORS.

        It joins before anybody reads, so that nothing falls between what is read and what is rung.
        """
        if topic not in self._feeds:
            self._feeds[topic] = feed = make(self)
            feed.opening = self.spawn(self._begin(feed))
        feed = cast(F, self._feeds[topic])
        feed.watches += 1
        try:
            if feed.opening:
                await asyncio.shield(feed.opening)
        except BaseException:
            self.close(feed)
            raise
        return feed

    async def _begin(self, feed: Feed) -> None:
        assert self._doorbell
        await self._doorbell.join(group(feed.topic))
        await feed.begin()
        feed.opening = None

    def close(self, feed: Feed) -> None:
        feed.watches -= 1
        if not feed.watches:
            self._feeds.pop(feed.topic, None)
            self.spawn(self._leave(feed))

    async def _leave(self, feed: Feed) -> None:
        if feed.opening:  # what fails in it is told to whoever waited for it
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await feed.opening
        if self._doorbell and feed.topic not in self._feeds:
            await self._doorbell.leave(group(feed.topic))

    def catch_up(self, feed: Feed) -> None:
        """Has the feed read the log, soon and once, however often it is asked for."""
        self._behind[feed] = None
        self._has_behind.set()

    def _hear(self, message: dict[str, Any]) -> None:
        if feed := self._feeds.get(message["topic"]):
            feed.ring(message["events"])

    async def _read_behind(self) -> None:
        while True:
            await self._has_behind.wait()
            self._has_behind.clear()
            behind, self._behind = self._behind, {}
            for feed in behind:
                with self.trouble():
                    await feed.catch_up()

    async def _check_tails(self) -> None:
        """A gap shows only when the next event comes; this finds the loss of the last one."""
        while True:
            await asyncio.sleep(TAIL_CHECK_SECONDS)
            await self._check_tail()
            for listener in self.listeners:
                listener.try_again()

    async def _check_tail(self) -> None:
        """What fails does so for itself: the others are checked all the same."""
        assert self._doorbell
        with self.trouble():
            await self._doorbell.join_missing()
        with self.trouble():
            await self._check_jobs([feed for feed in self._feeds.values() if isinstance(feed, JobFeed)])
        with self.trouble():
            await self._check_owners([feed for feed in self._feeds.values() if isinstance(feed, OwnerFeed)])
        if ops := self._feeds.get(OPS):
            with self.trouble():
                await ops.catch_up()

    async def _check_jobs(self, feeds: list[JobFeed]) -> None:
        seqs = await self.read(reads.seqs_of, [feed.job_id for feed in feeds]) if feeds else {}
        for feed in feeds:
            feed.check(seqs.get(feed.job_id, 0))

    async def _check_owners(self, feeds: list[OwnerFeed]) -> None:
        if not feeds:
            return
        known = {feed.owner_id: feed.known() for feed in feeds}
        told = {owner_id: each.told for owner_id, each in known.items()}
        changes = await self.read(reads.changes_of_owners, told, min(feed.since for feed in feeds))
        for feed in feeds:
            with self.trouble():
                await feed.check(changes[feed.owner_id], known[feed.owner_id])

    async def _check_access(self) -> None:
        while True:
            await asyncio.sleep(ACCESS_CHECK_SECONDS)
            with self.trouble():
                asked = {listener.access: listener for listener in self.listeners if listener.access}
                for access in asked.keys() - await still_valid(asked):
                    asked[access].end(Ending.ACCESS_LOST)

    @contextlib.contextmanager
    def trouble(self) -> Iterator[None]:
        """Nothing that fails ends the hearing of others. While the database is away watchers wait; a later check finds
        what they have missed."""
        try:
            yield
        except STORE_ERRORS as error:
            if not self._is_store_away:
                logger.warning("Events cannot be read for watchers, they wait: %r", error)
            self._is_store_away = True
        except Exception:
            logger.exception("What went wrong for some who listen is tried again at the next check.")

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """In a context of its own: a request that happens to be the first one here must not be kept by it."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


#: The running loop's.
hub = PerLoop(Hub)
