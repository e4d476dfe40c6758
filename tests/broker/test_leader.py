from jobs.broker import client, keys
from jobs.broker.leader import TERM, lead, resign


async def test_one_worker_leads_until_it_falls_silent():
    assert await lead("w1")
    assert not await lead("w2")
    assert await lead("w1"), "the leader keeps the lead"
    await client.redis().delete(keys.LEADER)  # as when its term has run out
    assert await lead("w2")
    assert not await lead("w1")


async def test_a_term_ends_by_itself():
    await lead("w1")
    assert 0 < await client.redis().pttl(keys.LEADER) <= TERM.total_seconds() * 1000


async def test_a_leader_that_stops_is_replaced_at_once():
    await lead("w1")
    await resign("w2")
    assert not await lead("w2"), "who does not lead has nothing to give up"
    await resign("w1")
    assert await lead("w2")
