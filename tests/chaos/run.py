"""A run: jobs are called and worked off while faults come and go; at its end the history is judged."""

import heapq
import random
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tests.chaos.checker import (
    MAX_WAIT_SECONDS,
    Finding,
    handovers,
    judge,
    percentile,
    rebuilds,
    recoveries,
    waits,
)
from tests.chaos.faults import Fault
from tests.chaos.history import History
from tests.chaos.notes import What
from tests.chaos.world import World

#: After the last fault every job ends within this: a lease, a wait, and the work that has gathered.
SETTLE_SECONDS = 90.0
TICK_SECONDS = 0.05

type Lane = Generator[float, None, None]


def lane(rng: random.Random, faults: Sequence[Fault], pause: tuple[float, float], told: Counter[str]) -> Lane:
    """One fault after the other, in random order; yields how many seconds to wait for its next step."""
    while True:
        yield rng.uniform(*pause)
        fault = rng.choice(faults)
        told[fault.name] += 1
        with fault.in_force():
            yield rng.uniform(*fault.lasts)


def each(faults: Iterable[Fault], seconds: float, told: Counter[str]) -> Lane:
    """Every fault once, in order, with as long between them as they last."""
    for fault in faults:
        yield seconds
        told[fault.name] += 1
        with fault.in_force():
            yield seconds


def play(world: World, lanes: Iterable[Lane], seconds: float = float("inf")) -> None:
    """Takes the lanes' steps as they become due, each lane beside the others, until all have ended or it is time.

    No fault is left in force.
    """
    began = time.monotonic()
    lanes = list(lanes)
    agenda = [(began + next(lane), number) for number, lane in enumerate(lanes)]
    heapq.heapify(agenda)
    try:
        while agenda and time.monotonic() < began + seconds:
            world.reap()
            if agenda[0][0] <= time.monotonic():
                _, number = heapq.heappop(agenda)
                for pause in islice(lanes[number], 1):
                    heapq.heappush(agenda, (time.monotonic() + pause, number))
            time.sleep(TICK_SECONDS)
    finally:
        for lane in lanes:
            lane.close()


@dataclass(frozen=True)
class Verdict:
    history: History
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def findings(self) -> list[Finding]:
        return judge(self.history)

    def figures(self) -> str:
        """For people."""
        history = self.history
        taken, found = recoveries(history), rebuilds(history)
        handed = handovers(history)
        waited = [wait for story in history.stories.values() for wait in waits(story, history)]
        turns = [turn for story in history.stories.values() for turn in story.turns]
        lines = {
            "jobs": _counted(Counter(row.status for row in history.rows)),
            "calls": _counted(Counter(note.what for note in history.notes if note.what in CALLS)),
            "starts": f"{len(turns)}, of which {sum(turn.was_given_back for turn in turns)} were given back",
            "effects": str(sum(1 for _ in history.of(What.EFFECT))),
            "events": str(len(history.events)),
            "faults": _counted(self.faults),
            "recovery": f"{len(taken)} times, {_spread(taken)}",
            "after a wipe": f"{len(found)} times, {_spread(found)}",
            "handed back": f"{len(handed)} times, next start after {_spread(handed)}",
            "wait outside faults": f"{_spread(waited)} (limit {MAX_WAIT_SECONDS:.0f} s)",
        }
        return "\n".join(f"{name + ':':<21}{value}" for name, value in lines.items())


CALLS = (What.ACCEPTED, What.REFUSED, What.ROLLED_BACK, What.CANCELLED)


def _counted(counts: Counter[str]) -> str:
    return f"{counts.total()} ({', '.join(f'{count} {name}' for name, count in counts.most_common())})"


def _spread(seconds: list[float]) -> str:
    middle, late = percentile(seconds, 50), percentile(seconds, 99)
    return f"p50 {middle:.2f} s, p99 {late:.2f} s, longest {max(seconds, default=0):.2f} s"
