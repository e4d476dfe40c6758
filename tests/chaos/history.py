"""What a run leaves behind, as plain values: the notes, and the rows and events of the store at its end."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.chaos.notes import Note, What

ENDED = frozenset({"successful", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job as the store has it when the run is over."""

    job: str
    status: str
    attempt: int
    starts: int
    seq: int
    return_value: Any = None
    #: Class paths of `Job.errors`, oldest first.
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    job: str
    seq: int
    #: Unix time.
    at: float
    #: Of a status event; empty for any other.
    status: str = ""
    attempt: int = 0
    #: Process of the worker, of a start.
    pid: int = 0
    #: Unix time, of a status that waits for one.
    run_after: float = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One start of a job and what followed it."""

    #: 1, 2, 3, …: the fence.
    starts: int
    began: Event
    #: None while it runs.
    over: Event | None

    @property
    def was_given_back(self) -> bool:
        """Handed back by a worker that stops, or rescued from one that was lost."""
        return self.over is not None and self.over.status == "ready"


@dataclass(frozen=True)
class History:
    notes: Sequence[Note]
    rows: Sequence[Row]
    events: Sequence[Event]

    def of(self, what: What) -> Iterator[Note]:
        return (note for note in self.notes if note.what == what)

    @cached_property
    def stories(self) -> "dict[str, Story]":
        """By job, of those that have a row."""
        stories = {row.job: Story(row) for row in self.rows}
        for event in sorted(self.events, key=lambda event: (event.job, event.seq)):
            stories[event.job].events.append(event)
        for note in self.notes:
            if note.job in stories:
                stories[note.job].notes.append(note)
        return stories

    @cached_property
    def by_pid(self) -> dict[int, list[Note]]:
        """What was done to each worker's process."""
        notes: dict[int, list[Note]] = defaultdict(list)
        for note in self.notes:
            if note.what in {What.DIED, What.TOLD, What.EXITED, What.FROZEN, What.THAWED}:
                notes[note.pid].append(note)
        return notes

    @cached_property
    def pids(self) -> set[int]:
        """The workers that have started anything."""
        return {event.pid for event in self.events}

    def deaths_with(self, job: str) -> list[Note]:
        """The deaths of workers that had claimed the job."""
        return self._deaths.get(job, [])

    @cached_property
    def _deaths(self) -> dict[str, list[Note]]:
        deaths: dict[str, list[Note]] = defaultdict(list)
        for note in self.of(What.DIED):
            for job in note.jobs:
                deaths[job].append(note)
        return deaths

    @cached_property
    def troubles(self) -> list[tuple[float, float]]:
        """When Redis, the store or the way to them was disturbed: (from, to), sorted, those that touch joined."""
        open_since: dict[str, float] = {}
        spans: list[tuple[float, float]] = []
        for note in self.notes:
            if note.what == What.FAULT:
                open_since[note.text] = note.at
            elif note.what == What.HEALED and note.text in open_since:
                spans.append((open_since.pop(note.text), note.at))
        spans += [(since, float("inf")) for since in open_since.values()]
        return joined(spans)


@dataclass
class Story:
    """All that is known of one job."""

    row: Row
    events: list[Event] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def of(self, what: What) -> list[Note]:
        return [note for note in self.notes if note.what == what]

    @cached_property
    def statuses(self) -> list[Event]:
        return [event for event in self.events if event.status]

    @cached_property
    def turns(self) -> list[Turn]:
        began = [index for index, event in enumerate(self.statuses) if event.status == "running"]
        following = [*self.statuses[1:], None]
        return [Turn(number, self.statuses[at], following[at]) for number, at in enumerate(began, 1)]


def joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same time as spans that are apart."""
    apart: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if apart and since <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], until))
        else:
            apart.append((since, until))
    return apart
