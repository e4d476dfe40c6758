"""One listener's place in one topic: what it has heard, and whether it is up to date."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from jobs.access import Access
from jobs.errors import JobError
from jobs.events import log
from jobs.events.system import system_state
from jobs.events.topics import OPS, job_topic, owner_topic
from jobs.live import reads
from jobs.live.feeds import Feed, JobFeed, OpsFeed, OwnerFeed
from jobs.live.messages import Message, event_message, feed_event, feed_state, job_state, ops_state
from jobs.models import Job
from jobs.models.job import JobQuerySet
from jobs.rules.milliseconds import unix_ms
from jobs.status import Status

if TYPE_CHECKING:
    from jobs.live.hub import Hub

#: Events of a feed that are told to who comes back to it; for more it is told to begin anew.
MAX_REPLAY = 1000

#: The largest number by which databases ask for a row; none is below 0.
MAX_ID = 2**63 - 1

#: Takes a message for the client. Must be quick.
type Take = Callable[["Watch[Any]", Message], None]


class NotFound(JobError):
    """There is no such topic, or none that may be watched."""


class Watch[F: Feed]:
    """Not live at first: `read` answers what comes next until it is up to date, then `hear` takes what comes."""

    def __init__(self, topic: str, hub: "Hub", access: Access | None, after: int | None, take: Take) -> None:
        self.topic = topic
        self.hub = hub
        self.access = access
        self.after = after
        self.take = take
        #: What it hears; None before it has begun.
        self.feed: F | None = None
        self.is_live = False
        #: Position of the last message that the client was sent.
        self.sent: int | None = None
        #: The store is away; it reads on at the next check.
        self.rests = False

    async def read(self) -> list[Message]:
        """The next messages, at most a page. Raises NotFound, or one of STORE_ERRORS."""
        raise NotImplementedError

    def _jobs(self) -> JobQuerySet:
        """Those that the client may see."""
        return self.access.jobs() if self.access else Job.objects.all()

    def hear(self, message: Message) -> None:
        raise NotImplementedError

    def fall_behind(self) -> None:
        """What it took and did not send was dropped."""
        assert self.feed
        self.feed.leave(self)
        self.is_live = False

    def close(self) -> None:
        if self.feed:
            self.feed.leave(self)
            self.hub.close(self.feed)

    async def _open(self, make: Callable[["Hub"], F]) -> F:
        if self.feed is None:
            self.feed = await self.hub.open(self.topic, make)
        return self.feed


class JobWatch(Watch[JobFeed]):
    def __init__(self, job_id: UUID, *args: Any) -> None:
        super().__init__(job_topic(job_id), *args)
        self.job_id = job_id
        #: Number of the last event taken; None before the first message.
        self._seq: int | None = None

    async def read(self) -> list[Message]:
        await self._open(lambda hub: JobFeed(hub, self.job_id))
        if self._seq is None:
            return await self._begin()
        return await self._read_log(self._seq)

    async def _begin(self) -> list[Message]:
        """A snapshot for who has nothing yet, a reset for who has more than there is: another database's."""
        job = await self._job()
        if self.after is not None and self.after < job["seq"]:
            self._seq = self.after
            return []
        if self.after == job["seq"] and not Status(job["status"]).is_ended:
            self._go_live(job["seq"])
            return []
        # Who has heard all of a job that has ended is told so: nothing else may ever come.
        return self._state("snapshot" if self.after in (None, job["seq"]) else "reset", job)

    async def _job(self) -> dict[str, Any]:
        job = await self.hub.read(reads.job_of, self.access, self.job_id)
        if job is None:
            raise NotFound
        return job

    def _state(self, kind: str, job: dict[str, Any]) -> list[Message]:
        self._go_live(job["seq"])
        return [job_state(kind, job)]

    async def _read_log(self, seq: int) -> list[Message]:
        page = await self.hub.read(reads.events_after, self.job_id, seq)
        if not page:  # unless it was deleted, when what it was heard to have would be looked for without end
            await self._job()
        elif page[0]["seq"] != seq + 1:  # those between were pruned
            return self._state("reset", await self._job())
        if len(page) < log.MAX_PAGE or await self._is_newest(page[-1]["seq"]):
            self._go_live(page[-1]["seq"] if page else seq)
        else:
            self._seq = page[-1]["seq"]
        return [event_message(self.topic, event) for event in page]

    async def _is_newest(self, seq: int) -> bool:
        """Whether a full page is the last one: a stream would wait for ever for another after the job's end."""
        return (await self.hub.read(reads.seqs_of, [self.job_id])).get(self.job_id) == seq

    def _go_live(self, seq: int) -> None:
        assert self.feed
        self._seq = seq
        self.is_live = self.feed.join(self, seq)

    def hear(self, message: Message) -> None:
        assert self._seq is not None
        if message.position > self._seq:
            self._seq = message.position
            self.take(self, message)

    def fall_behind(self) -> None:
        super().fall_behind()
        self._seq = self.sent


class OwnerWatch(Watch[OwnerFeed]):
    def __init__(self, owner_id: int, *args: Any) -> None:
        super().__init__(owner_topic(owner_id), *args)
        self.owner_id = owner_id
        #: What is told while the first messages are read.
        self._meanwhile: list[Message] = []

    async def read(self) -> list[Message]:
        if self.access and not self.access.may_watch_owner(self.owner_id):
            raise NotFound
        feed = await self._open(lambda hub: OwnerFeed(hub, self.owner_id))
        self._meanwhile = []
        feed.live.add(self)
        try:
            missed = await self._missed()
            messages = await self._state() if missed is None else missed
            await feed.catch_up()  # else it would tell later what was just read
        except BaseException:
            feed.leave(self)
            raise
        self.is_live = True
        return [*messages, *self._newer(messages)]

    async def _missed(self) -> list[Message] | None:
        """None if the client has to begin anew. Some it may have already: times are not exact."""
        if self.after is None or not 0 <= self.after < unix_ms(timezone.now() + reads.SETTLED_AFTER):
            return None
        since = datetime.fromtimestamp(self.after / 1000, UTC) - reads.SETTLED_AFTER
        events = await self.hub.read(reads.events_of_owner, self.owner_id, since, MAX_REPLAY)
        return None if events is None else [feed_event(self.topic, event, self.after) for event in events]

    async def _state(self) -> list[Message]:
        cursor = unix_ms(timezone.now())
        jobs = await self.hub.read(reads.newest_jobs, self._jobs(), self.owner_id)
        kind = "snapshot" if self.after is None and self.sent is None else "reset"
        return [feed_state(kind, self.topic, jobs, cursor)]

    def _newer(self, messages: list[Message]) -> Iterator[Message]:
        """What was told meanwhile and is not among what was read."""
        seqs: dict[str, int] = {}
        for message in messages:
            seqs.update({job["id"]: job["seq"] for job in message.body.get("jobs", ())})
            if message.body["type"] == "event":
                seqs[message.body["job_id"]] = message.body["seq"]
        return (one for one in self._meanwhile if one.body["seq"] > seqs.get(one.body["job_id"], 0))

    def hear(self, message: Message) -> None:
        if self.is_live:
            self.take(self, message)
        else:
            self._meanwhile.append(message)

    def fall_behind(self) -> None:
        super().fall_behind()
        self.after = None


class OpsWatch(Watch[OpsFeed]):
    def __init__(self, *args: Any) -> None:
        super().__init__(OPS, *args)

    async def read(self) -> list[Message]:
        """Raises BrokerUnavailable too."""
        if self.access and not self.access.may_watch_ops:
            raise NotFound
        feed = await self._open(OpsFeed)
        kind = "snapshot" if self.sent is None else "reset"
        feed.live.add(self)  # before it reads: what changes meanwhile is told after it
        try:
            state = ops_state(kind, await system_state())
        except BaseException:
            feed.leave(self)
            raise
        self.is_live = True
        return [state]

    def hear(self, message: Message) -> None:
        self.take(self, message)


def watch_of(topic: str, *args: Any) -> Watch[Any]:
    """The watch for a topic; a topic has one spelling, although a UUID and a number have many. Raises NotFound."""
    kind, _, name = topic.partition(":")
    try:
        watch = _KINDS[kind](name, *args)
    except (KeyError, ValueError) as error:
        raise NotFound from error
    if watch.topic != topic:
        raise NotFound
    return watch


def _id(name: str) -> int:
    if not 0 <= (number := int(name)) <= MAX_ID:
        raise ValueError(f"Expected 0 to {MAX_ID}, got {name}.")
    return number


_KINDS: dict[str, Callable[..., Watch[Any]]] = {
    "job": lambda name, *args: JobWatch(UUID(name), *args),
    "owner": lambda name, *args: OwnerWatch(_id(name), *args),
    OPS: lambda _, *args: OpsWatch(*args),
}
