"""Every promise of docs/guarantees.md names its tests, and they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text()
#: A row of the first table: promise, how, tests.
PROMISES = re.findall(r"^\| (\*\*.*) \| .* \| (.*) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("promise, tests", PROMISES, ids=lambda text: re.sub(r"\W+", " ", text)[:40].strip())
def test_each_promise_names_tests_that_there_are(promise, tests):
    names = re.findall(r"`([^`]+)`", tests)
    assert names
    for name in names:
        assert (ROOT / name).exists() if "/" in name else is_defined(name), name


def test_no_promise_is_passed_over():
    assert len(PROMISES) == PAGE.count("\n| **") > 0


def is_defined(name: str) -> bool:
    return any(f"def {name}(" in file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
