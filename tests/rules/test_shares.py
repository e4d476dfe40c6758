"""Free slots are dealt out by weight, and nobody waits for ever."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from jobs.rules.shares import Turns, deal

weights = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1)


@given(weights)
def test_over_a_round_each_queue_comes_first_as_often_as_its_weight_says(weights):
    turns = Turns(weights)
    assert Counter(turns.take()[0] for _ in range(sum(weights.values()))) == weights


@given(weights)
def test_every_turn_names_every_queue_once(weights):
    assert sorted(Turns(weights).take()) == sorted(weights)


@given(weights, st.integers(0, 1000))
def test_shares_add_up_to_the_slots_and_are_never_more_than_a_slot_off(weights, slots):
    shares = deal(slots, sorted(weights), weights)
    assert sum(shares.values()) == slots
    for queue, share in shares.items():
        assert abs(share - slots * weights[queue] / sum(weights.values())) <= 1


def test_what_does_not_divide_goes_to_those_whose_turn_it_is():
    assert deal(1, ["b", "a"], {"a": 5, "b": 1}) == {"a": 0, "b": 1}
