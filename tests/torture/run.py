"""A run: clients listen while things break; at its end what each has heard is held against the database."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.chaos import notes
from tests.chaos.checker import AFTERMATH_SECONDS, percentile
from tests.chaos.history import History
from tests.chaos.run import TICK_SECONDS
from tests.chaos.world import Store, World, running_world
from tests.torture.apps import MESSAGES
from tests.torture.crowd import Crowd, Scale
from tests.torture.record import Job, Truth
from tests.torture.webs import Webs

#: After the last fault every job ends within this.
SETTLE_SECONDS = 60.0
#: And then everybody has heard of it; who sleeps long wakes up and comes back first.
HEAR_SECONDS = 70.0
#: What docs/guarantees.md promises.
MAX_AGE_SECONDS = 5.0

type Breaks = Callable[[World, Webs], Counter[str]]


@dataclass(frozen=True)
class Verdict:
    findings: list[str]
    crowd: Crowd
    truth: Truth
    faults: Counter[str]
    #: When Redis was disturbed: (from, to), Unix times.
    troubles: list[tuple[float, float]]
    #: S sent, L lost.
    messages: Counter[str]

    @cached_property
    def ages(self) -> list[float]:
        """Seconds from an event to its arrival at a client that listened all the while."""
        return [heard - made for made, heard in self.crowd.scene.arrivals]

    @cached_property
    def calm_ages(self) -> list[float]:
        """The same, where no fault of Redis lay between."""
        arrivals = self.crowd.scene.arrivals
        return [heard - made for made, heard in arrivals if not self._is_disturbed(made, heard)]

    def _is_disturbed(self, made: float, heard: float) -> bool:
        return any(since < heard and made < until + AFTERMATH_SECONDS for since, until in self.troubles)

    def figures(self) -> str:
        """For people."""
        watchers, records = self.crowd.watchers, self.crowd.records
        feeds = [record for record in records if record.is_feed]
        heard = sum(len(story.events) for record in records for story in record.stories.values())
        connections = sum(watcher.connections for watcher in watchers)
        closes = ", ".join(
            f"{count} × {code or 'cut off'}" for code, count in self.crowd.closes.most_common()
        )
        lines = {
            "jobs": f"{len(self.truth)} with {sum(len(job.events) for job in self.truth.values())} events",
            "messages": f"{self.messages.total()}, of which {self.messages['L']} were lost on purpose",
            "clients": f"{len(watchers)}, which connected {connections} times and slept"
            f" {sum(watcher.sleeps for watcher in watchers)} times",
            "followed": f"a job {len(records) - len(feeds)} times, and {len(feeds)} feeds with"
            f" {sum(record.resets for record in feeds)} resets",
            "heard": f"{heard} events; {sum(record.repeats for record in feeds)} came again on feeds",
            "sockets closed": closes,
            "faults": ", ".join(f"{count} {name}" for name, count in self.faults.most_common()),
            "age on arrival": _spread(self.ages),
            "outside faults": f"{_spread(self.calm_ages)} (limit {MAX_AGE_SECONDS:.0f} s)",
        }
        return "\n".join(f"{name + ':':<17}{value}" for name, value in lines.items())


def _spread(seconds: list[float]) -> str:
    middle, late = percentile(seconds, 50), percentile(seconds, 99)
    return f"p50 {middle:.3f} s, p99 {late:.2f} s, longest {max(seconds, default=0):.2f} s of {len(seconds)}"


def run(world: World, breaks: Breaks, scale: Scale, seed: int) -> Verdict:
    """`breaks` returns when it is enough, with the faults that there were."""
    with (
        Webs(world, random.Random(seed)) as webs,
        Crowd(webs.port, world.tokens, scale, seed) as crowd,
    ):
        faults = breaks(world, webs)
        crowd.stop_calling()
        truth = _truth(world)
        crowd.hear_the_rest(truth, HEAR_SECONDS)
        findings = [*crowd.findings(truth), *webs.stop()]
    troubles = History(notes.read(world.notes_path), [], []).troubles
    return Verdict(findings, crowd, truth, faults, troubles, Counter(_messages(world).read_text()))


def _truth(world: World) -> Truth:
    """What the database holds once every job has ended."""
    held = world.held("tests.torture.load", SETTLE_SECONDS)
    return {job["id"]: Job(job["owner"], job["events"]) for job in held}


@contextmanager
def torture_world(store: Store) -> Iterator[World]:
    """Its processes lose some of the messages that they publish."""
    with running_world(store) as world:
        world.system.env["DJANGO_SETTINGS_MODULE"] = "tests.torture.settings"
        world.system.env[MESSAGES] = str(_messages(world))
        _messages(world).touch()
        yield world


def until_published(world: World, number: int, seconds: float) -> None:
    """Waits for so many messages, lost ones among them: then everything is up and at work."""
    ends_at = time.monotonic() + seconds
    while _messages(world).stat().st_size < number:
        assert time.monotonic() < ends_at, f"{_messages(world).stat().st_size} of {number} messages came"
        time.sleep(TICK_SECONDS)


def _messages(world: World) -> Path:
    return world.folder / "messages"
