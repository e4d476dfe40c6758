"""A function that returned has succeeded, whatever it returned."""

import enum
import json
import math
from collections import UserDict
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils.safestring import mark_safe

from jobs.arguments import MAX_DEPTH, MAX_INTEGER
from jobs.conf import options
from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from jobs.worker.attempt import Attempt, described, returned
from tests.sample_tasks import add

ATTEMPT = cast(Attempt, SimpleNamespace(writes=[]))


def outcome(value: Any) -> Outcome:
    found = returned(ATTEMPT, value)
    assert found.status == Status.SUCCESSFUL
    json.dumps(found.return_value, allow_nan=False)
    return found


class Colour(enum.IntEnum):
    RED = 1


class Ratio(float):
    pass


class Unreadable(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("no")


class Untellable:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


def test_values_of_subclasses_become_plain_ones(store):
    value = [mark_safe("<b>"), Colour.RED, Ratio(1.5), (1, 2)]
    ended = recorded(outcome(value))
    assert ended.return_value == ["<b>", 1, 1.5, [1, 2]]


def nested(levels: int) -> Any:
    return 1 if levels == 0 else {"in": nested(levels - 1)}


def cyclic() -> Any:
    value: dict[str, Any] = {}
    value["me"] = value
    return value


def repeated() -> Any:
    """Takes 100 bytes here and 2³⁰ as JSON."""
    value: list[Any] = ["x"]
    for _ in range(30):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "value, why",
    [
        (object(), "of type object"),
        (Untellable(), "of type Untellable"),
        (Unreadable(a=1), "raised RuntimeError"),
        (UserDict(a=1), "of type UserDict"),
        ({"in": b"bytes"}, "of type bytes"),
        ({1: 2}, "Is a key"),
        ({Untellable(): 2}, "raised RuntimeError"),
        (2**63, "64 bits"),
        (-(10**5000), "64 bits"),
        (math.nan, "finite"),
        ([math.inf], "finite"),
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        (nested(MAX_DEPTH + 1), "nested deeper"),
        (nested(900), "nested deeper"),
        (cyclic(), "nested deeper"),
        (repeated(), "takes more than"),
        ("x" * 10_000_000, "takes more than"),
        ([0] * 10_000_000, "takes more than"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 and value.isprintable() else "",
)
@pytest.mark.timeout(10)
def test_what_can_not_be_kept_is_recorded_as_such(value, why):
    assert why in outcome(value).return_value["unstorable"]


def test_the_limit_is_exact():
    most = options().max_result_bytes
    for value in ("x" * (most - 2), "é" * ((most - 2) // 6), [1] * (most // 3)):
        assert outcome(value).return_value == value
    for value in ("x" * (most - 1), "é" * ((most - 2) // 6 + 1), [1] * (most // 3 + 1)):
        assert "takes more than" in outcome(value).return_value["unstorable"]


@pytest.mark.parametrize(
    "value",
    [nested(MAX_DEPTH), MAX_INTEGER, -MAX_INTEGER, 5e-324, -0.0, "☃\x7f\u2028", {"": {"": []}}, "null"],
)
def test_extremes_come_back_from_the_store(store, value):
    assert recorded(outcome(value)).return_value == value


def test_a_large_float_comes_back_as_the_same_number(store):
    """PostgreSQL writes out all of its digits, which Python reads as an int."""
    assert float(recorded(outcome(1.7e308)).return_value) == 1.7e308


class Odd(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


Odd.__qualname__ = "Odd\0\ud800"
Odd.__module__ = cast(str, None)


@pytest.mark.parametrize("error", [Odd(), ValueError("\0" * 10, b"\xff"), ExceptionGroup("x\0", [Odd()])])
def test_an_error_that_can_hardly_be_told_is_recorded(store, error):
    job = new_attempt()
    finish([(job, Outcome(status=Status.FAILED, error=described(job, error)))])
    assert Job.objects.get(id=job.id).status == Status.FAILED


def new_attempt() -> Any:
    [job] = start([str(add.enqueue(1).id)], "w1").jobs
    return job


def recorded(outcome: Outcome) -> Job:
    job = new_attempt()
    assert finish([(job, outcome)])
    return Job.objects.get(id=job.id)
