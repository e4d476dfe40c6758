"""`python -m benchmarks`: measure, print, and with --write put the tables into docs/benchmarks.md."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import psycopg
import redis

from benchmarks import contenders, docs, machine, profiling, report
from benchmarks.contender import Contender
from benchmarks.environment import NotInstalled, python_of
from benchmarks.limits import Overrun
from benchmarks.results import Results
from benchmarks.servers import Servers, running_servers
from benchmarks.session import session
from benchmarks.sizes import QUICK, WHOLE, Sizes
from benchmarks.workloads import IN_ROUNDS, ONCE

#: What a peer may do to us; the run goes on without it.
FAILURES = (Overrun, subprocess.SubprocessError, OSError, psycopg.Error, redis.RedisError)


def main() -> None:
    options = parse(sys.argv[1:])
    sizes = QUICK if options.quick else WHOLE
    chosen = [each for each in contenders.ALL if each.name in options.only]
    with running_servers() as servers:
        if options.profile:
            print(profiling.profile(chosen[0], sizes, servers))
            return
        started = time.monotonic()
        results = Results()
        present = [each for each in chosen if is_installed(each, results)]
        measure(present, sizes, servers, options.workloads, results)
        command = " ".join(["bin/bench", *(each for each in sys.argv[1:] if each != "--write")])
        how = (
            f"`{command}`, {time.monotonic() - started:.0f} s, medians of {sizes.rounds} interleaved rounds."
        )
        text = report.markdown(results, present, f"{machine.describe(servers)}  \n{how}")
    print(text)
    if options.write:
        docs.write(text)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    names = [each.name for each in contenders.ALL]
    workloads = [*IN_ROUNDS, *ONCE]
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, few jobs: shows that it works")
    parser.add_argument("--only", type=some_of(names), default=names, metavar="A,B", help=", ".join(names))
    parser.add_argument(
        "--workloads", type=some_of(workloads), default=workloads, metavar="A,B", help=", ".join(workloads)
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument(
        "--profile", action="store_true", help="say where the time of the first contender goes"
    )
    return parser.parse_args(arguments)


def some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse_names(given: str) -> list[str]:
        names = given.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, got {unknown[0]!r}")
        return names

    return parse_names


def is_installed(contender: Contender, results: Results) -> bool:
    try:
        python_of(contender.peer)
    except NotInstalled as error:
        results.fail(contender, "everything", error)
        return False
    return True


def measure(
    present: Sequence[Contender], sizes: Sizes, servers: Servers, workloads: Sequence[str], results: Results
) -> None:
    """Round after round, each contender after the other, so that none has the machine at its best moment.

    A contender that fails takes no further part: what it has left behind is in disorder.
    """
    in_rounds = [name for name in IN_ROUNDS if name in workloads]
    for number in range(sizes.rounds if in_rounds else 0):
        for contender in sound(present, results):
            tell(f"round {number + 1} of {sizes.rounds}: {contender.name}")
            take_turn(contender, sizes, servers, in_rounds, results)
    for name in ONCE:
        for contender in sound(present, results) if name in workloads else ():
            tell(f"{name}: {contender.name}")
            measure_once(name, contender, sizes, servers, results)


def sound(present: Sequence[Contender], results: Results) -> list[Contender]:
    return [each for each in present if each.name not in results.failures]


def take_turn(
    contender: Contender, sizes: Sizes, servers: Servers, workloads: Sequence[str], results: Results
) -> None:
    name = "the start"
    try:
        with session(contender, sizes, servers) as opened:
            for name in workloads:
                results.add(contender, IN_ROUNDS[name](opened))
    except FAILURES as error:
        results.fail(contender, name, error)


def measure_once(name: str, contender: Contender, sizes: Sizes, servers: Servers, results: Results) -> None:
    try:
        results.add(contender, ONCE[name](contender, sizes, servers))
    except FAILURES as error:
        results.fail(contender, name, error)


def tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
