"""The short form, a part of the suite: every fault once, then a worker struck down at every step.

`bin/chaos` is the long form. Being frozen past a lease is left to it, as that takes so long.
"""

import time
from collections import Counter
from random import Random

from tests.chaos.faults import Workers, broker_faults, start_doomed, store_faults
from tests.chaos.run import Verdict, each, play
from tests.chaos.steps import POINTS
from tests.chaos.world import Store, World, running_world

SEED = 1
#: Each fault, and the pause before it.
FAULT_SECONDS = 0.4
#: What befalls workers takes longer, as they have to start.
WORKER_FAULT_SECONDS = 1.2
CALLS_A_SECOND = 15.0
LONGEST_JOB_SECONDS = 1.0
#: In which every doomed worker meets the step at which it ends.
DOOM_SECONDS = 30.0
#: A lease, and the work that has gathered.
SETTLE_SECONDS = 60.0
SHOWN_LOG_CHARACTERS = 20_000


def short_form(store: Store) -> None:
    with running_world(store) as world:
        world.start_caller(SEED, CALLS_A_SECOND, LONGEST_JOB_SECONDS)
        told = break_everything(world)
        strike_down_at_every_step(world)
        world.stop_callers()
        start_two(world)
        verdict = Verdict(world.history(SETTLE_SECONDS), told)
        findings = [str(finding) for finding in verdict.findings]
        assert findings == [], f"{verdict.figures()}\n{world.system.log[-SHOWN_LOG_CHARACTERS:]}"


def break_everything(world: World) -> Counter[str]:
    start_two(world)
    told: Counter[str] = Counter()
    workers = Workers(world, Random(SEED))
    of_workers = [workers.killed(), workers.deployed(), workers.all_deployed()]
    surroundings = [*broker_faults(world), *store_faults(world)]
    play(world, [each(of_workers, WORKER_FAULT_SECONDS, told), each(surroundings, FAULT_SECONDS, told)])
    assert told.total() == len(of_workers) + len(surroundings)
    return told


def strike_down_at_every_step(world: World) -> None:
    """Each doomed worker ends by its own hand; there are no others, so that each has its share of the jobs."""
    for worker in list(world.workers):
        world.tell_to_stop(worker)
    doomed = {point: start_doomed(world, *point, count=1) for point in POINTS}
    until = time.monotonic() + DOOM_SECONDS
    while time.monotonic() < until and any(worker.poll() is None for worker in doomed.values()):
        time.sleep(0.05)
    ends = {point: worker.poll() for point, worker in doomed.items()}
    assert ends == dict.fromkeys(POINTS, -9), world.system.log[-SHOWN_LOG_CHARACTERS:]
    world.reap()


def start_two(world: World) -> None:
    for _ in range(2):
        world.start_worker()
