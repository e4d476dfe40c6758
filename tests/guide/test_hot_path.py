"""docs/hot-path.md names the functions from claim to ack: each is there, and is called by the one above it."""

import inspect
import re
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "hot-path.md").read_text()
#: A line of the page: how far it is indented, and the function that it names.
LINE = re.compile(r"^(?P<indent> *)(?P<path>(?:worker|broker|lifecycle|events)\.[\w.]+)", re.MULTILINE)
#: Of each function, so that one can be read at a glance.
MAX_LINES = 25


def function(path: str) -> Any:
    """worker.engine.Engine.start → that function of jobs/worker/engine.py."""
    package, module, name = path.split(".", 2)
    return resolve_name(f"jobs.{package}.{module}:{name}")


def calls() -> list[tuple[str, str]]:
    """(caller, called), by the indentation."""
    above: dict[int, str] = {}
    found = []
    for line in LINE.finditer(PAGE):
        depth = len(line["indent"])
        above[depth] = line["path"]
        if depth:
            found.append((above[depth - 2], line["path"]))
    return found


@pytest.mark.parametrize("caller, called", calls())
def test_what_stands_further_right_is_called_by_what_stands_above_it(caller, called):
    name = called.rpartition(".")[2]
    assert callable(function(called))
    assert re.search(rf"\b{name}\b", inspect.getsource(function(caller)).partition(":\n")[2])


@pytest.mark.parametrize("path", sorted({line["path"] for line in LINE.finditer(PAGE)}))
def test_each_is_a_few_lines(path):
    assert len(inspect.getsource(function(path)).splitlines()) <= MAX_LINES


def test_the_page_goes_from_claim_to_ack():
    paths = [line["path"] for line in LINE.finditer(PAGE)]
    assert paths.index("broker.ready.claim") < paths.index("lifecycle.sql.start_ready")
    assert paths.index("lifecycle.sql.finish_running") < paths.index("broker.leases.ack")
