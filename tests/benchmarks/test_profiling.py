import cProfile
import json
import pstats

from benchmarks.profiling import from_stacks, from_statistics

STACKS = [
    "run (jobs/worker/engine.py:10);start (jobs/lifecycle/start.py:7);execute (psycopg/cursor.py:90) 30",
    "run (jobs/worker/engine.py:12);run (jobs/worker/engine.py:11) 10",
    "<module> (worker.py:3) 60",
]


def test_time_is_told_by_function_alone_and_with_what_it_calls():
    profile = from_stacks(STACKS)

    assert profile.own == {
        "psycopg/cursor.py execute": 30,
        "jobs/worker/engine.py run": 10,
        "worker.py <module>": 60,
    }
    assert profile.inclusive["jobs/worker/engine.py run"] == 40
    assert "| 30.0% | psycopg |" in str(profile)
    assert "| 40.0% | jobs/worker/engine.py run |" in str(profile)


def test_statistics_of_cprofile_are_read_the_same_way():
    with cProfile.Profile() as watching:
        for number in range(1_000):
            json.dumps({"a": number})

    profile = from_statistics(pstats.Stats(watching))

    assert profile.own["json/__init__.py dumps"] > 0
    assert "our functions" not in str(profile)
