"""The short form: every fault once, and a worker struck down at every step. `bin/chaos` is the long one."""

import time
from collections import Counter
from random import Random

import pytest

from tests.chaos.faults import Workers, broker_faults, start_doomed, store_faults
from tests.chaos.run import Verdict, each, play
from tests.chaos.steps import POINTS
from tests.chaos.world import World, running_world

pytestmark = pytest.mark.timeout(180)

#: Each fault, and the pause before it.
FAULT_SECONDS = 0.4
CALLS_A_SECOND = 15.0
LONGEST_JOB_SECONDS = 1.0
#: In which every doomed worker meets the step at which it ends.
DOOM_SECONDS = 30.0
#: A lease, and the work that has gathered.
SETTLE_SECONDS = 60.0


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request):
    with running_world(request.param) as world:
        yield world


def test_whatever_breaks_every_promise_is_kept(world):
    world.start_caller(1, CALLS_A_SECOND, LONGEST_JOB_SECONDS)
    strike_down_at_every_step(world)
    for _ in range(2):
        world.start_worker()
    told: Counter[str] = Counter()
    workers = Workers(world, Random(1))
    # The one that is frozen past its lease is left to the long form, as it takes so long.
    of_workers = [
        fault for fault in workers.faults() if "frozen" not in fault.name and "step" not in fault.name
    ]
    surroundings = [*broker_faults(world), *store_faults(world)]
    play(world, [each(of_workers, 3 * FAULT_SECONDS, told), each(surroundings, FAULT_SECONDS, told)])
    world.stop_callers()
    verdict = Verdict(world.history(SETTLE_SECONDS), told)
    assert [str(finding) for finding in verdict.findings] == [], (
        f"{verdict.figures()}\n{world.system.log[-20_000:]}"
    )
    assert told.total() == len(of_workers) + len(surroundings)


def strike_down_at_every_step(world: World) -> None:
    """Each ends by its own hand."""
    doomed = {point: start_doomed(world, *point, count=1) for point in POINTS}
    until = time.monotonic() + DOOM_SECONDS
    while time.monotonic() < until and any(worker.poll() is None for worker in doomed.values()):
        time.sleep(0.05)
    ends = {point: worker.poll() for point, worker in doomed.items()}
    assert ends == dict.fromkeys(POINTS, -9), world.system.log
    world.reap()
