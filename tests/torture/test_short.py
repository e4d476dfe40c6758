"""The short form, a part of the suite: `bin/torture` is the long one."""

from collections import Counter

import pytest

from tests.chaos.faults import broker_faults
from tests.chaos.run import each, play
from tests.torture.crowd import Scale
from tests.torture.run import run, torture_world, until_published

SEED = 1
SCALE = Scale(clients=40, calls_a_second=4, pace=0.25)
#: Each fault, and the pause before it.
FAULT_SECONDS = 1.0
#: Those of Redis that the others do not contain.
OF_REDIS = {"broker killed", "broker lost", "broker wiped"}
SHOWN_LOG_CHARACTERS = 20_000
#: Before anything breaks; enough that some of them are lost, but not half.
MESSAGES_BEFORE = 50
START_SECONDS = 60.0


def break_everything(world, webs):
    """What befalls workers is left to the long form: the jobs of a lost one are found after 15 s."""
    told = Counter()
    world.start_worker()
    until_published(world, MESSAGES_BEFORE, START_SECONDS)
    of_redis = [fault for fault in broker_faults(world) if fault.name in OF_REDIS]
    of_processes = [webs.killed(), webs.deployed()]
    play(world, [each(of_redis, FAULT_SECONDS, told), each(of_processes, FAULT_SECONDS, told)])
    assert told.total() == len(OF_REDIS) + len(of_processes)
    return told


@pytest.mark.timeout(180)
def test_whatever_breaks_each_client_hears_all_that_happened_in_order():
    with torture_world("sqlite") as world:
        verdict = run(world, break_everything, SCALE, SEED)
        assert verdict.findings == [], f"{verdict.figures()}\n{world.system.log[-SHOWN_LOG_CHARACTERS:]}"
        assert [line for line in world.system.log.splitlines() if "Traceback" in line] == []
    assert 0 < verdict.messages["L"] < verdict.messages["S"]
