"""The long form: `bin/fuzz --examples 100`. Every phase, on both stores; ends with a verdict and figures."""

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.schema.fuzz import Run, acting_for_another, errors_in, fuzz, fuzzed_system, signed_in
from tests.servers import run_postgres
from tests.system import System, sow

STORES = ("sqlite", "postgresql")


def main() -> int:
    options = parsed()
    print(f"Seed {options.seed}.", flush=True)
    return max([judge(store, options) for store in options.store or STORES])


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="random cases an operation, in each phase")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="which cases; printed")
    parser.add_argument("--store", choices=STORES, action="append", help="only this one")
    return parser.parse_args()


def judge(store: str, options: argparse.Namespace) -> int:
    """0 if all is as the document says, and nothing went wrong inside."""
    with ExitStack() as stack:
        system = start(store, stack)
        began = time.monotonic()
        everybody = signed_in(system) | acting_for_another(system)
        asked = ("--max-examples", str(options.examples), "--seed", str(options.seed))
        runs = [told(run) for run in fuzz(system, everybody, *asked)]
        seconds, errors = time.monotonic() - began, errors_in(system.log)
    for line in errors:
        print(line, flush=True)
    cases, is_good = sum(run.cases for run in runs), all(run.is_good for run in runs) and not errors
    print(f"{store}: {'GOOD' if is_good else 'BAD'}, {cases} cases in {seconds:.0f} s.", flush=True)
    return 0 if is_good else 1


def start(store: str, stack: ExitStack) -> System:
    """In a folder under /tmp, as a unix socket's path must be short."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-schema-", dir="/tmp")))
    seed = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    url = stack.enter_context(run_postgres()).create_database() if store == "postgresql" else None
    return stack.enter_context(fuzzed_system(folder, sow(seed, url), url))


def told(run: Run) -> Run:
    print(f"  {run.identity}: {run.cases} cases, {'good' if run.is_good else 'bad'}", flush=True)
    if not run.is_good:
        print(run.output, flush=True)
    return run


if __name__ == "__main__":
    sys.exit(main())
