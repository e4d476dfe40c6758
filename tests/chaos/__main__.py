"""The long form: `bin/chaos --minutes 20`. All faults, mixed at random; ends with a verdict and figures."""

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.chaos.faults import Workers, broker_faults, disk_faults, small_disk, store_faults
from tests.chaos.run import SETTLE_SECONDS, Verdict, lane, play
from tests.chaos.world import World, running_world

WORKERS = 3
SHOWN_FINDINGS = 40
SHOWN_COMPLAINTS = 8


def main() -> int:
    options = parsed()
    print(f"Seed {options.seed}: {options.minutes:g} minutes on {options.store}.", flush=True)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk()) if options.disk else None
        if disk is None:
            print("The disk is never full in this run: that needs the right to mount one.", flush=True)
        world = stack.enter_context(running_world(options.store, disk))
        try:
            verdict = run(world, disk, options)
        except BaseException:
            keep(world, options)
            raise
        if verdict.findings:
            keep(world, options)
        complaints = complained(world.system.log)
    told(verdict, complaints, options.seed)
    return 1 if verdict.findings else 0


def complained(log: str) -> Counter[str]:
    """What processes logged as errors, by logger and the message's first words."""
    complaints: Counter[str] = Counter()
    for text in log.splitlines():
        with suppress(ValueError):  # a traceback at a boot, or a line that the disk had no room for
            line = json.loads(text)
            # Tasks fail as planned.
            if line["level"] in {"error", "critical"} and line["logger"] != "django.tasks":
                complaints[f"{line['logger']}: {line['event'][:60]}"] += 1
    return complaints


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="which faults come when; printed"
    )
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--calls", type=float, default=15, help="calls a second")
    parser.add_argument("--only", default="", help="only faults whose name has this text in it")
    parser.add_argument("--no-disk", dest="disk", action="store_false", help="never fill the disk")
    parser.add_argument(
        "--keep", type=Path, default=Path("var/chaos"), help="where notes and logs of a bad run go"
    )
    return parser.parse_args()


def run(world: World, disk: Path | None, options: argparse.Namespace) -> Verdict:
    seeds = random.Random(options.seed)
    faults: Counter[str] = Counter()
    web = world.system.start_web()
    for _ in range(WORKERS):
        world.start_worker()
    world.start_caller(options.seed, options.calls, web=(world.system.origin, world.token))
    workers = Workers(world, random.Random(seeds.random()))
    chosen = [
        ([workers.killed(), workers.deployed(), workers.all_deployed(), workers.doomed()], (0.5, 4.0)),
        ([workers.frozen()], (2.0, 20.0)),
        (broker_faults(world), (4.0, 15.0)),
        (store_faults(world) + disk_faults(world, disk), (5.0, 18.0)),
    ]
    lanes = [
        lane(random.Random(seeds.random()), wanted, pause, faults)
        for some, pause in chosen
        if (wanted := [fault for fault in some if options.only in fault.name])
    ]
    began = time.monotonic()
    try:
        play(world, lanes, options.minutes * 60)
        world.stop_callers()
        print(
            f"All faults are healed after {time.monotonic() - began:.0f} s; waiting for the last job.",
            flush=True,
        )
        return Verdict(world.history(SETTLE_SECONDS), faults)
    finally:
        web.kill()
        web.wait()


def keep(world: World, options: argparse.Namespace) -> None:
    """The notes, the logs, and SQLite's file, for whoever wants to know why."""
    kept = options.keep / str(options.seed)
    kept.mkdir(parents=True, exist_ok=True)
    for path in (world.notes_path, *world.folder.glob("log"), *world.folder.glob("db.sqlite3*")):
        shutil.copy(path, kept)
    print(f"Kept in {kept}.", flush=True)


def told(verdict: Verdict, complaints: Counter[str], seed: int) -> None:
    findings = verdict.findings
    print(verdict.figures())
    print(f"Errors in the logs: {complaints.total()}, most often:")
    for complaint, count in complaints.most_common(SHOWN_COMPLAINTS):
        print(f"  {count} × {complaint}")
    print(f"Broken promises: {len(findings)}")
    for rule, count in Counter(finding.rule for finding in findings).most_common():
        print(f"  {count} × {rule}")
    for finding in findings[:SHOWN_FINDINGS]:
        print(f"  {finding}")
    print(f"Seed {seed}: {'BAD' if findings else 'GOOD'}.")


if __name__ == "__main__":
    sys.exit(main())
