"""One tiny round of our own on SQLite, in real processes: all that the harness does, but for the peers."""

from dataclasses import replace

import pytest

from benchmarks import contenders
from benchmarks.__main__ import parse
from benchmarks.run import measure
from benchmarks.servers import running_servers
from benchmarks.sizes import QUICK
from benchmarks.workloads import IN_ROUNDS

TINY = replace(QUICK, share=0.001, samples=3, idle_seconds=0.2, fewest=40)
SQLITE = next(each for each in contenders.ALL if each.name == "handoff-sqlite")
METRICS = {
    *("enqueue_single", "enqueue_concurrent", "enqueue_bulk", "throughput", "cpu_per_1000", "megabytes"),
    *("pickup", "round_trip", "sleeps"),
}


def test_a_round_measures_what_it_should():
    with running_servers() as servers:
        results = measure([SQLITE], TINY, servers, list(IN_ROUNDS))

    assert not results.failures
    assert {key for _, key in results._samples} == METRICS
    assert all(value > 0 for values in results._samples.values() for value in values if value)


def test_an_unknown_peer_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["--only", "handoff-sqlite,nobody"])

    assert "got 'nobody'" in capsys.readouterr().err
