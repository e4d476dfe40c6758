"""Jobs as JSON."""

import sys

import pytest

from jobs.events.shapes import public_name
from tests.sample_tasks import add


@pytest.fixture
def looked_for(monkeypatch):
    """Modules that Python looked for in its folders."""
    names = []

    class Finder:
        @staticmethod
        def find_spec(name, *_):
            names.append(name)

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    return names


def test_the_module_of_a_task_that_is_gone_is_looked_for_once(looked_for):
    assert [public_name("gone_for_good.task") for _ in range(3)] == ["gone_for_good.task"] * 3
    assert looked_for == ["gone_for_good"]
    assert public_name(add.module_path) == add.public_name
