"""What one client has heard of one topic, and whether that is what happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Json = dict[str, Any]

ENDED = frozenset({"successful", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Job:
    """What the database says of a job when all is over."""

    owner: int
    events: list[Json]


#: By id.
type Truth = Mapping[str, Job]


@dataclass
class Story:
    """Of one job: all that was heard after event number `since`."""

    since: int
    events: list[Json] = field(default_factory=list)

    @property
    def seq(self) -> int:
        return self.since + len(self.events)


class Record:
    """Says at once of a message that it can't follow those before; the rest is judged at the end."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.stories: dict[str, Story] = {}
        #: Those that a reset broke off, by job.
        self.broken_off: list[tuple[str, Story]] = []
        self.findings: list[str] = []
        self.has_ended = False
        #: What to give back to go on: an event's number, or a feed's cursor.
        self.position: int | None = None
        self.resets = 0
        self.repeats = 0
        #: Jobs from this id on were in the snapshot, or are younger than it.
        self._complete_from = ""
        self._heard_here: set[tuple[str, int]] = set()

    @property
    def is_feed(self) -> bool:
        return self.topic.startswith("owner:")

    def reconnect(self) -> int | None:
        """The position to go on from."""
        self._heard_here = set()
        return self.position

    def take(self, message: Json) -> bool:
        """Whether it is an event that was not heard before."""
        match message["type"]:
            case "snapshot" | "reset" as kind:
                self._begin(message, kind)
                return False
            case "event":
                return self._add(message)
            case other:
                self.findings.append(f"{self.topic}: was told {other}: {message}")
                return False

    def _begin(self, message: Json, kind: str) -> None:
        self.resets += kind == "reset"
        if kind == "reset" and not self.is_feed:
            self.findings.append(f"{self.topic}: a reset, though nothing was pruned")
        listed = {job["id"]: job for job in (message["jobs"] if self.is_feed else [message["job"]])}
        self._complete_from = min(listed, default="")
        for job_id, story in list(self.stories.items()):
            seq = listed[job_id]["seq"] if job_id in listed else story.seq
            if seq < story.seq:
                self.findings.append(f"{self.topic}: back at event {seq} of {job_id} after {story.seq}")
            if seq > story.seq or job_id < self._complete_from:
                self.broken_off.append((job_id, self.stories.pop(job_id)))
        for job_id, job in listed.items():
            self.stories.setdefault(job_id, Story(job["seq"]))
            self._see(job)
        self.position = message["cursor"] if self.is_feed else message["seq"]

    def _add(self, event: Json) -> bool:
        job_id, seq = event["job_id"], event["seq"]
        if (job_id, seq) in self._heard_here:
            self.findings.append(f"{self.topic}: event {seq} of {job_id} came twice on one connection")
        self._heard_here.add((job_id, seq))
        self.position = event["cursor"] if self.is_feed else seq
        story = self.stories.get(job_id)
        if story is None:
            story = self.stories[job_id] = Story(seq - 1 if job_id < self._complete_from else 0)
        if seq <= story.seq:
            self._repeat(story, event)
            return False
        if seq > story.seq + 1:
            self.findings.append(f"{self.topic}: event {seq} of {job_id} after {story.seq}")
            self.broken_off.append((job_id, story))
            story = self.stories[job_id] = Story(seq - 1)
        story.events.append(plain(event))
        self._see(event["data"])
        return True

    def _repeat(self, story: Story, event: Json) -> None:
        self.repeats += 1
        if not self.is_feed:
            self.findings.append(f"{self.topic}: event {event['seq']} came again")
        elif event["seq"] > story.since and story.events[event["seq"] - story.since - 1] != plain(event):
            self.findings.append(
                f"{self.topic}: event {event['seq']} of {event['job_id']} came again, and differs"
            )

    def _see(self, state: Json) -> None:
        self.has_ended = state.get("status") in ENDED

    # At the end

    def lacks(self, truth: Truth) -> Iterator[str]:
        """What it should have heard by now and has not."""
        for job_id, story in self.stories.items():
            if story.seq < len(truth[job_id].events):
                there_are = len(truth[job_id].events)
                yield f"{self.topic}: of the {there_are} events of {job_id} was heard up to {story.seq}"
        known = {*self.stories, *(job_id for job_id, _ in self.broken_off)}
        for job_id in self._wanted(truth):
            if job_id not in known:
                yield f"{self.topic}: nothing was heard of {job_id}"

    def _wanted(self, truth: Truth) -> Iterator[str]:
        """The jobs that it must have heard of."""
        kind, _, name = self.topic.partition(":")
        if kind == "job":
            yield name
        for job_id, job in truth.items():
            if kind == "owner" and job.owner == int(name) and job_id >= self._complete_from:
                yield job_id

    def errs(self, truth: Truth) -> Iterator[str]:
        """Where it is not what the database says."""
        yield from self.findings
        for job_id, story in [*self.stories.items(), *self.broken_off]:
            if story.events != truth[job_id].events[story.since : story.seq]:
                yield f"{self.topic}: of {job_id} was heard what did not happen"


def plain(event: Json) -> Json:
    """As the database has it, without what a topic adds."""
    return {name: event[name] for name in ("job_id", "seq", "kind", "at", "data")}
