"""`python -m benchmarks`: measure, print, and with --write put the tables into docs/benchmarks.md."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import contenders, docs, machine, profiling, report, run
from benchmarks.contender import Contender
from benchmarks.servers import Servers, running_servers
from benchmarks.sizes import QUICK, WHOLE, Sizes
from benchmarks.workloads import IN_ROUNDS, ONCE


def main() -> None:
    options = parse(sys.argv[1:])
    # It would leave servers and files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sizes = QUICK if options.quick else WHOLE
    chosen = [each for each in contenders.ALL if each.name in options.only]
    with running_servers() as servers:
        if options.profile:
            print(profiling.profile(chosen[0], sizes, servers))
            return
        text = measured(chosen, sizes, servers, options.workloads)
    print(text)
    if options.write:
        docs.write(text)


def measured(chosen: Sequence[Contender], sizes: Sizes, servers: Servers, workloads: Sequence[str]) -> str:
    started = time.monotonic()
    results = run.measure(chosen, sizes, servers, workloads)
    minutes = (time.monotonic() - started) / 60
    command = " ".join(["bin/bench", *(each for each in sys.argv[1:] if each != "--write")])
    how = f"`{command}`, {minutes:.0f} minutes, {sizes.rounds} interleaved rounds."
    return report.markdown(results, chosen, f"{machine.describe(servers)}  \n{how}")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    names = [each.name for each in contenders.ALL]
    workloads = [*IN_ROUNDS, *ONCE]
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="one round, few jobs: shows that it works")
    add("--only", type=some_of(names), default=names, metavar="A,B", help=", ".join(names))
    add("--workloads", type=some_of(workloads), default=workloads, metavar="A,B", help=", ".join(workloads))
    add("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    add("--profile", action="store_true", help="say where the time of the first contender goes")
    return parser.parse_args(arguments)


def some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse_names(given: str) -> list[str]:
        names = given.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, got {unknown[0]!r}")
        return names

    return parse_names


if __name__ == "__main__":
    main()
