import os
import subprocess
import sys
import time

import pytest

from benchmarks import beacon, process
from benchmarks.limits import Overrun
from benchmarks.listener import listening


@pytest.fixture
def listener(session_folder, monkeypatch):
    path = session_folder / "beacon"
    monkeypatch.setenv("BENCH_BEACON", str(path))
    with listening(path) as made:
        yield made
        beacon._socket(os.getpid()).close()
    beacon._socket.cache_clear()


def test_a_ping_tells_when_it_was(listener):
    before = time.monotonic_ns()
    beacon.ping()

    assert before <= listener.ping() <= time.monotonic_ns()


def test_nobody_waits_for_a_listener_that_does_not_listen(listener):
    for _ in range(5_000):
        beacon.ping()
    listener.forget()
    with pytest.raises(Overrun):
        listener._wait(beacon.PING, 0.01)


def test_starts_are_told_once_in_a_while(listener, monkeypatch):
    monkeypatch.setattr(beacon, "_starts", iter(range(1, 1_001)))
    for _ in range(1_000):
        beacon.started()

    assert listener.start_of(1) < listener.start_of(500) < listener.start_of(1_000)


def test_cpu_and_memory_count_the_children():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        parent.stdout.readline()
        assert len(process.tree(parent.pid)) == 2
        assert process.resident_megabytes(parent.pid) > 5
        parent.communicate(b"\n")
    assert process.cpu_seconds(os.getpid()) > 0
