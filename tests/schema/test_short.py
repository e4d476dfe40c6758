"""The short form, a part of the suite: some hundred cases, the same each time."""

import pytest

from tests.schema.fuzz import errors_in, fuzz, fuzzed_system, signed_in
from tests.system import short_folder

pytestmark = pytest.mark.timeout(180)

MIN_CASES = 300
OPTIONS = ("--phases", "fuzzing,stateful", "--max-examples", "2", "--seed", "1", "--no-shrink")


@pytest.fixture
def system(seed):
    with short_folder() as folder, fuzzed_system(folder, seed) as system:
        yield system


def test_every_answer_is_as_the_document_says(system):
    runs = [*fuzz(system, signed_in(system), *OPTIONS)]
    bad = "\n".join(run.output for run in runs if not run.is_good)
    assert not bad, bad
    assert sum(run.cases for run in runs) >= MIN_CASES
    assert not errors_in(system.log)
