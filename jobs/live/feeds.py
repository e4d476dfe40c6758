"""A topic as this process hears it: its events in order and each once, for all who watch it here.

Rings come fast and may be lost, the log is slow and complete: a feed tells what rings bring as long as nothing is
missing, and reads the log when something is.
"""

import asyncio
import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from uuid import UUID

from django.utils import timezone

from jobs.errors import BrokerUnavailable
from jobs.events import log
from jobs.events.system import system_state
from jobs.events.topics import OPS, job_topic, owner_topic
from jobs.live import reads
from jobs.live.messages import Message, event_message, feed_event, ops_event
from jobs.live.reads import Changes, Json, Seqs

if TYPE_CHECKING:
    from jobs.live.hub import Hub


#: How often those who watch queues and workers are told of changes, at most.
OPS_EVERY_SECONDS = 1.0


class Hears(Protocol):
    """A watch that is up to date: it hears what the feed tells."""

    def hear(self, message: Message) -> None: ...


class Feed:
    def __init__(self, hub: "Hub", topic: str) -> None:
        self.hub = hub
        self.topic = topic
        #: Who watches it, up to date or not.
        self.watches = 0
        self.live: set[Hears] = set()
        #: Joins its group, and begins; None once it has.
        self.opening: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Called once, after its group was joined and before anybody reads."""

    def ring(self, events: list[Json]) -> None:
        """Events of one message, in order."""
        raise NotImplementedError

    async def catch_up(self) -> None:
        """Tells what the log has beyond what was told."""
        raise NotImplementedError

    def leave(self, watch: Hears) -> None:
        self.live.discard(watch)

    def _tell(self, message: Message) -> None:
        for watch in tuple(self.live):
            watch.hear(message)


class JobFeed(Feed):
    """One job. Each watch knows how far it has heard it, so the feed needs to be right only while any is live."""

    def __init__(self, hub: "Hub", job_id: UUID) -> None:
        super().__init__(hub, job_topic(job_id))
        self.job_id = job_id
        #: The newest event that was ever rung.
        self._rung = 0
        #: The last event told to all that are live; None while none is.
        self.seq: int | None = None

    def join(self, watch: Hears, seq: int) -> bool:
        """A watch that has heard everything up to `seq` goes live, unless there is more for it to read first."""
        if seq < max(self._rung, self.seq or 0):
            return False
        if self.seq is None:
            self.seq = seq
        elif seq > self.seq:  # the others have not heard yet what it has read
            self.hub.catch_up(self)
        self.live.add(watch)
        return True

    def leave(self, watch: Hears) -> None:
        super().leave(watch)
        if not self.live:
            self.seq = None

    def ring(self, events: list[Json]) -> None:
        for event in events:
            self._rung = max(self._rung, event["seq"])
            if self.seq is not None and event["seq"] > self.seq + 1:  # one between was lost
                self.hub.catch_up(self)
                break
            self._take(event)

    def check(self, seq: int) -> None:
        """What the job's row says: the loss of a last event shows nowhere else."""
        if self.seq is not None and seq > self.seq:
            self.hub.catch_up(self)

    async def catch_up(self) -> None:
        page_size = log.MAX_PAGE
        while self.seq is not None and page_size == log.MAX_PAGE:
            page = await self.hub.read(reads.events_after, self.job_id, self.seq)
            for event in page:
                self._take(event)
            page_size = len(page)

    def _take(self, event: Json) -> None:
        if self.seq is not None and event["seq"] > self.seq:
            self.seq = event["seq"]
            self._tell(event_message(self.topic, event))


class Known(NamedTuple):
    """How far a feed was at a time."""

    at: datetime
    #: How far each job that may still change was told.
    told: Seqs


class OwnerFeed(Feed):
    """All jobs of one user. It knows how far each of those that may still change has been told."""

    def __init__(self, hub: "Hub", owner_id: Any) -> None:
        super().__init__(hub, owner_topic(owner_id))
        self.owner_id = owner_id
        self._told: Seqs | None = None
        self._checked_at = timezone.now()
        self._checking = asyncio.Lock()

    async def begin(self) -> None:
        self._told = (await self._changes(self.known())).newer
        # What was rung in the meantime was not taken.
        self.hub.catch_up(self)

    def ring(self, events: list[Json]) -> None:
        if self._told is None:
            return
        for event in events:
            if event["seq"] > self._told.get(UUID(event["job_id"]), 0) + 1:
                self.hub.catch_up(self)
                break
            self._take(event)

    async def catch_up(self) -> None:
        known = self.known()
        await self.check(await self._changes(known), known)

    @property
    def since(self) -> datetime:
        """What happened to jobs that had ended before was told, or is older than this feed. It is as long ago as the
        last check, which may be long: the store was away."""
        return self._checked_at - reads.SETTLED_AFTER

    def known(self) -> Known:
        """To be asked before the store is, as other jobs come meanwhile."""
        return Known(timezone.now(), dict(self._told or ()))

    async def check(self, changes: Changes, known: Known) -> None:
        """Tells how the owner's jobs differ from what was known."""
        if self._told is None:
            return
        async with self._checking:
            settled = [job_id for job_id in changes.settled if job_id in self._told]
            last_seqs = await self.hub.read(reads.seqs_of, settled) if settled else {}
            came = [
                job_id for job_id in changes.newer if job_id not in self._told and job_id not in known.told
            ]
            await self._pass_over_former_runs(came)
            for job_id, seq in {**changes.newer, **last_seqs}.items():
                if job_id in self._told or job_id not in known.told:  # else another check has settled it
                    await self._read_up_to(job_id, seq)
            for job_id in settled:
                self._told.pop(job_id, None)
            self._checked_at = known.at

    async def _pass_over_former_runs(self, job_ids: list[UUID]) -> None:
        """Of jobs that were settled, and are tried again by hand."""
        assert self._told is not None
        ends = await self.hub.read(reads.last_ends, job_ids, self.since) if job_ids else {}
        for job_id, seq in ends.items():
            self._told.setdefault(job_id, seq)

    async def _changes(self, known: Known) -> Changes:
        told = {self.owner_id: known.told}
        return (await self.hub.read(reads.changes_of_owners, told, self.since))[self.owner_id]

    async def _read_up_to(self, job_id: UUID, seq: int) -> None:
        assert self._told is not None
        while (told := self._told.get(job_id, 0)) < seq:
            page = await self.hub.read(reads.events_after, job_id, told)
            for event in page:
                self._take(event)
            if not page:  # it was deleted since
                return

    def _take(self, event: Json) -> None:
        assert self._told is not None
        job_id = UUID(event["job_id"])
        if event["seq"] > self._told.get(job_id, 0):
            self._told[job_id] = event["seq"]
            self._tell(feed_event(self.topic, event))


class OpsFeed(Feed):
    """Queues and workers: no log, but how they are, told when that changes."""

    def __init__(self, hub: "Hub") -> None:
        super().__init__(hub, OPS)
        self._told: Json = {}
        self._has_changes = False
        self._telling: asyncio.Task[None] | None = None

    def ring(self, events: list[Json]) -> None:
        self._has_changes = True
        if self._telling is None or self._telling.done():
            self._telling = self.hub.spawn(self._tell_changes())

    async def _tell_changes(self) -> None:
        """At once, and then once a second as long as anything happens."""
        while self._has_changes and self.live:
            self._has_changes = False
            with self.hub.trouble():
                await self.catch_up()
            await asyncio.sleep(OPS_EVERY_SECONDS)

    async def catch_up(self) -> None:
        """While Redis is away nothing is known, and a later check tells."""
        with contextlib.suppress(BrokerUnavailable):
            state = await system_state()
            if state != self._told:
                self._told = state
                self._tell(ops_event(state))
