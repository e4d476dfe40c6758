"""Where the time of our worker goes while it works off a queue: by py-spy if there is one, else by cProfile."""

import pstats
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.contender import Contender
from benchmarks.environment import ROOT
from benchmarks.limits import LIMIT_SECONDS
from benchmarks.profiled_worker import FILE
from benchmarks.servers import Servers
from benchmarks.session import session
from benchmarks.sizes import Sizes

ROWS = 25
SAMPLES_PER_SECOND = 250
#: "function (package/module.py:12)", as py-spy writes a frame.
FRAME = re.compile(r"(?P<name>.+) \((?P<file>[^:)]+)(?::\d+)?\)")


@dataclass
class Profile:
    """Weights are samples or seconds; only their parts of the whole matter."""

    how: str = ""
    #: By "package/module.py function": spent in it alone, and with all that it called (which cProfile does not
    #: tell of coroutines).
    own: Counter[str] = field(default_factory=Counter)
    inclusive: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        packages: Counter[str] = Counter()
        for function, weight in self.own.items():
            packages[function.partition(" ")[0].partition("/")[0]] += weight
        ours = Counter({name: weight for name, weight in self.inclusive.items() if name.startswith("jobs/")})
        tables = {
            "by package, alone": packages,
            "our functions, with what they call": ours,
            "functions, alone": self.own,
        }
        shown = [self._table(title, weights) for title, weights in tables.items() if weights]
        return "\n\n".join([f"{self.how} (being watched slows it down).", *shown])

    def _table(self, title: str, weights: Counter[str]) -> str:
        whole = sum(self.own.values()) or 1
        rows = [f"| {weight / whole:.1%} | {name} |" for name, weight in weights.most_common(ROWS)]
        return "\n".join([f"| time | {title} |", "|--:|---|", *rows])


def profile(contender: Contender, sizes: Sizes, servers: Servers) -> Profile:
    """Exits with a sentence if the contender is not ours."""
    if not contender.is_ours:
        sys.exit(f"handoff: --profile is for our own worker, not for {contender.name}.")
    if py_spy := find_py_spy():
        return by_py_spy(py_spy, contender, sizes, servers)
    return by_cprofile(contender, sizes, servers)


def find_py_spy() -> str | None:
    return shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))


def by_py_spy(program: str, contender: Contender, sizes: Sizes, servers: Servers) -> Profile:
    """Samples of the thread that holds the interpreter, whichever it is. May need root."""
    file = servers.folder / "stacks"
    command = [program, "record", "--gil", "--format=raw", f"--rate={SAMPLES_PER_SECOND}", f"--output={file}"]
    with session(contender, sizes, servers) as opened:
        opened.fill("add", sizes.jobs(contender))
        opened.start_worker()
        started_ns = opened.listener.start_of(1)
        with subprocess.Popen(
            [*command, f"--pid={opened.worker_pid}"], stdout=subprocess.DEVNULL
        ) as watching:
            seconds = (opened.wait_until_none_left() - started_ns) / 1e9
            watching.send_signal(signal.SIGINT)  # it writes its file
            watching.wait(LIMIT_SECONDS)
    made = from_stacks(file.read_text().splitlines())
    busy = sum(made.own.values()) / SAMPLES_PER_SECOND / seconds
    made.how = f"py-spy: Python ran for {busy:.0%} of the time, {sizes.jobs(contender) / seconds:,.0f} jobs/s"
    return made


def from_stacks(lines: Iterable[str]) -> Profile:
    """From lines such as "outer (a/b.py:1);inner (c.py:2) 17"."""
    made = Profile()
    for line in lines:
        stack, _, weight = line.rpartition(" ")
        frames = map(FRAME.fullmatch, stack.split(";"))
        functions = [f"{frame['file']} {frame['name']}" for frame in frames if frame]
        if functions:
            made.own[functions[-1]] += int(weight)
            made.inclusive.update(dict.fromkeys(functions, int(weight)))
    return made


def by_cprofile(contender: Contender, sizes: Sizes, servers: Servers) -> Profile:
    """Only the thread of the event loop; what is called often seems dearer than it is."""
    file = servers.folder / "profile"
    environ = {**contender.environ, FILE: str(file)}
    watched = replace(contender, worker=("-m", "benchmarks.profiled_worker"), environ=environ)
    with session(watched, sizes, servers) as opened:
        opened.fill("add", sizes.jobs(contender))
        opened.start_worker()
        started_ns = opened.listener.start_of(1)
        seconds = (opened.wait_until_none_left() - started_ns) / 1e9
        opened.stop_worker_cleanly()  # it writes its file
    made = from_statistics(pstats.Stats(str(file)))
    made.how = f"cProfile: the event loop's thread alone, {sizes.jobs(contender) / seconds:,.0f} jobs/s"
    return made


def from_statistics(statistics: pstats.Stats) -> Profile:
    made = Profile()
    functions: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = statistics.stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, own, _, _) in functions.items():
        function = f"{shortened(file)} {name}"
        made.own[function] += own  # type: ignore[assignment]  # typeshed's Counter knows only whole numbers
    return made


def shortened(file: str) -> str:
    """As py-spy names it: from the package on."""
    if file == "~":
        return "built-in/"
    return re.sub(rf"^(.*/site-packages/|.*/python3\.\d+/|{re.escape(str(ROOT))}/)", "", file)
