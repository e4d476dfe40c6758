"""A run: rounds in which one contender after the other takes its turn, then what is measured once."""

import subprocess
import sys
import time
from collections.abc import Sequence

import psycopg
import redis

from benchmarks.contender import Contender
from benchmarks.environment import NotInstalled, python_of
from benchmarks.limits import Overrun
from benchmarks.results import Results
from benchmarks.servers import Servers
from benchmarks.session import session
from benchmarks.sizes import Sizes
from benchmarks.workloads import IN_ROUNDS, ONCE

#: What a peer may do to us; the run goes on without it.
FAILURES = (NotInstalled, Overrun, subprocess.SubprocessError, OSError, psycopg.Error, redis.RedisError)


def measure(
    contenders: Sequence[Contender], sizes: Sizes, servers: Servers, workloads: Sequence[str]
) -> Results:
    """In interleaved rounds, so that none has the machine at its best moment.

    A contender that fails takes no further part: what it has left behind is in disorder.
    """
    results = Results()
    for contender in contenders:
        install(contender, results)
    in_rounds = [name for name in IN_ROUNDS if name in workloads]
    for number in range(sizes.rounds if in_rounds else 0):
        tell(f"round {number + 1} of {sizes.rounds}")
        for contender in sound(contenders, results):
            take_turn(contender, sizes, servers, in_rounds, results)
    for name in ONCE:
        for contender in sound(contenders, results) if name in workloads else ():
            tell(f"{contender.name}: {name}")
            measure_once(name, contender, sizes, servers, results)
    return results


def install(contender: Contender, results: Results) -> None:
    try:
        python_of(contender.peer)
    except FAILURES as error:
        results.fail(contender, "everything", error)


def sound(contenders: Sequence[Contender], results: Results) -> list[Contender]:
    return [each for each in contenders if each.name not in results.failures]


def take_turn(
    contender: Contender, sizes: Sizes, servers: Servers, workloads: Sequence[str], results: Results
) -> None:
    name = "the start"
    try:
        with session(contender, sizes, servers) as opened:
            for name in workloads:
                tell(f"{contender.name}: {name}")
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
