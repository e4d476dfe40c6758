"""A child process tells its progress, and not too often."""

import queue
import time

import pytest

from jobs.worker.throttle import INTERVAL_SECONDS, Throttle


@pytest.fixture
def sent():
    return queue.Queue()


@pytest.fixture
def throttle(sent):
    return Throttle(lambda fraction, text: sent.put((text, time.monotonic())))


def test_of_many_reports_the_first_goes_at_once_and_the_last_when_it_is_time(throttle, sent):
    began = time.monotonic()
    for number in range(1000):
        throttle.report(number / 1000, str(number))
    took = time.monotonic() - began
    told = [sent.get(timeout=5)]
    while told[-1][0] != "999":
        told.append(sent.get(timeout=5))
    assert told[0][0] == "0"
    assert len(told) <= 2 + took / INTERVAL_SECONDS
    assert told[-1][1] - told[-2][1] >= INTERVAL_SECONDS


def test_what_is_held_goes_out_at_the_end_and_nothing_after_it(throttle, sent):
    throttle.report(0.1, "first")
    throttle.report(0.2, "held")
    throttle.close()
    throttle.report(0.3, "too late")
    throttle.close()
    assert [sent.get(timeout=5)[0] for _ in range(2)] == ["first", "held"]
    assert sent.empty()
