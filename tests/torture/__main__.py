"""The long form: `bin/torture --minutes 10`. Ends with a verdict and figures."""

import argparse
import random
import shutil
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from tests.chaos.__main__ import complained
from tests.chaos.faults import Workers, broker_faults
from tests.chaos.run import lane, play
from tests.chaos.world import World
from tests.torture.crowd import Scale
from tests.torture.deaf import run_deaf
from tests.torture.run import MAX_AGE_SECONDS, Verdict, run, torture_world
from tests.torture.webs import Webs

WORKERS = 2
SHOWN_FINDINGS = 40


def main() -> int:
    options = parsed()
    if options.deaf:
        findings = run_deaf()
        print("BAD: " + ", ".join(findings) if findings else "GOOD.")
        return 1 if findings else 0
    print(f"Seed {options.seed}: {options.minutes:g} minutes on {options.store}.", flush=True)
    with torture_world(options.store) as world:
        scale = Scale(clients=options.clients, calls_a_second=options.calls)
        verdict = run(world, partial(break_at_random, options), scale, options.seed)
        findings = [*verdict.findings]
        if max(verdict.calm_ages) > MAX_AGE_SECONDS:
            findings.append(f"an event was heard {max(verdict.calm_ages):.1f} s late")
        complaints = complained(world.system.log)
        if findings:
            keep(world, options)
    told(verdict, findings, complaints, options.seed)
    return 1 if findings else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/torture", description=__doc__)
    parser.add_argument("--deaf", action="store_true", help="50 clients that never read, instead; 2 minutes")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="which faults come when; printed"
    )
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--calls", type=float, default=0.6, help="jobs a second")
    parser.add_argument(
        "--keep", type=Path, default=Path("var/torture"), help="where the log of a bad run goes"
    )
    return parser.parse_args()


def break_at_random(options: argparse.Namespace, world: World, webs: Webs) -> Counter[str]:
    seeds = random.Random(options.seed)
    faults: Counter[str] = Counter()
    for _ in range(WORKERS):
        world.start_worker()
    workers = Workers(world, random.Random(seeds.random()))
    chosen = [
        ([workers.killed(), workers.deployed()], (5.0, 20.0)),
        (broker_faults(world), (10.0, 25.0)),
        ([webs.killed(), webs.deployed()], (8.0, 25.0)),
    ]
    lanes = [lane(random.Random(seeds.random()), some, pause, faults) for some, pause in chosen]
    play(world, lanes, options.minutes * 60)
    return faults


def keep(world: World, options: argparse.Namespace) -> None:
    kept = options.keep / str(options.seed)
    kept.mkdir(parents=True, exist_ok=True)
    for path in (world.notes_path, *world.folder.glob("log")):
        shutil.copy(path, kept)
    print(f"Kept in {kept}.", flush=True)


def told(verdict: Verdict, findings: list[str], complaints: Counter[str], seed: int) -> None:
    print(verdict.figures())
    print(f"Errors in the logs: {complaints.total()}")
    for complaint, count in complaints.most_common():
        print(f"  {count} × {complaint}")
    print(f"Broken promises: {len(findings)}")
    for finding in sorted(findings, key=len)[:SHOWN_FINDINGS]:
        print(f"  {finding}")
    print(f"Seed {seed}: {'BAD' if findings else 'GOOD'}.")


if __name__ == "__main__":
    sys.exit(main())
