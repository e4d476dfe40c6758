import re

import pytest

from benchmarks import contenders, docs
from benchmarks.environment import PEERS, ROOT

INSTALLED = sorted({each.peer for each in contenders.ALL if each.peer})


@pytest.mark.parametrize("peer", INSTALLED)
def test_a_peer_s_environment_is_pinned(peer):
    lines = (PEERS / peer / "requirements.txt").read_text().splitlines()

    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line), line


@pytest.mark.parametrize("contender", contenders.ALL, ids=lambda each: each.name)
def test_a_contender_can_be_run_counted_and_told_apart(contender):
    assert (ROOT / contender.client.replace(".", "/")).with_suffix(".py").exists()
    assert bool(contender.left_in_sql) + bool(contender.left_in_redis) + bool(contender.ended_in_redis) == 1
    assert bool(contender.database) == bool(contender.prepare)
    assert [each.name for each in contenders.ALL].count(contender.name) == 1


@pytest.mark.parametrize("contender", contenders.ALL, ids=lambda each: each.name)
def test_the_page_says_how_durable_a_contender_is(contender):
    name = contender.title.replace("**", "").partition(" (")[0]
    library = name if contender.is_ours else name.partition(",")[0]
    rows = docs.PAGE.read_text().partition("## What an accepted job survives")[2]

    assert library in rows
