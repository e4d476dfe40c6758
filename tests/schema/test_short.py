"""The short form, a part of the suite: some hundred cases, the same each time."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.schema.fuzz import fuzz, fuzzed_system, signed_in

pytestmark = pytest.mark.timeout(180)

MIN_CASES = 300
OPTIONS = ("--phases", "fuzzing,stateful", "--max-examples", "2", "--seed", "1", "--no-shrink")


@pytest.fixture
def system(seed):
    folder = Path(tempfile.mkdtemp(prefix="handoff-schema-", dir="/tmp"))
    try:
        with fuzzed_system(folder, seed) as system:
            yield system
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_every_answer_is_as_the_document_says(system):
    runs = [*fuzz(system, signed_in(system), *OPTIONS)]
    bad = "\n".join(run.output for run in runs if not run.is_good)
    assert not bad, bad
    assert sum(run.cases for run in runs) >= MIN_CASES
