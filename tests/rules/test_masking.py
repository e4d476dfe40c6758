import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.rules.masking import Mask, masked, passwords_in, texts_in

SECRET = st.text(min_size=4, max_size=20).filter(lambda text: "*" not in text)


@given(SECRET, st.sampled_from([str, repr, json.dumps, lambda secret: quote(secret, safe="")]))
def test_a_secret_is_found_however_it_is_written(secret, write):
    assert masked(f"<{write(secret)}>", [secret]) in {"<***>", "<'***'>", '<"***">'}


def test_a_secret_that_is_no_valid_text_is_found_as_well():
    assert masked("<a\udcffbc>", ["a\udcffbc"]) == "<***>"


def test_a_secret_within_a_longer_one_leaves_nothing_of_it():
    assert masked("longpassword", ["long", "longpassword"]) == "***"


def test_short_texts_are_left_alone_because_they_are_parts_of_words():
    assert masked("a cat sat", ["a", "at"]) == "a cat sat"


@pytest.mark.parametrize(
    "text, told",
    [
        ("postgres://ada:pw@db/app refused", "postgres://ada:***@db/app refused"),
        ("redis://:p%40ss@h:6379/0", "redis://:***@h:6379/0"),
        ("amqp://ada:p@ss@h", "amqp://ada:***@h"),
        ("see https://example.com:8000/@ada", "see https://example.com:8000/@ada"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic YWRhOnB3'}", "{'Authorization': 'Basic ***'}"),
        ('{"authorization": "abcdef"}', '{"authorization": "***"}'),
        ("sent bearer abcdefghijklmnop0123", "sent bearer ***"),
        ("the bearer of news", "the bearer of news"),
        ("handoff_" + "a1-_" * 10 + " is mine", "handoff_*** is mine"),
        ("handoffjob_" + "a1-_" * 10 + "." + "b" * 43 + " is mine", "handoffjob_*** is mine"),
        ("handoff_tests", "handoff_tests"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text, told):
    assert masked(text) == told


def test_the_texts_of_a_value_are_all_that_could_give_it_away():
    value = {"a": ["one", 2, None, True], "b": {"c": 3.5}}
    assert list(texts_in(value)) == ["one", "2", "3.5"]


def test_a_url_s_password_is_known_as_written_and_as_meant():
    assert list(passwords_in("redis://u:p%40ss@h and http://h/")) == ["p%40ss", "p@ss"]


@pytest.mark.parametrize("text", ["a" * 200_000, "a://" * 50_000, "x:" * 100_000, "Authorization:" * 20_000])
@pytest.mark.timeout(5)
def test_no_text_takes_long(text):
    masked(text, ["secret"])


def test_a_json_value_is_masked_wherever_it_has_text_or_a_number_that_is_secret():
    value = {"a long token": ["x", "<a long token>", 1234, 12345, 1.5, True, None], "deep": {"pin": 1234}}
    assert Mask({"a long token", "1234"}).within(value) == {
        "***": ["x", "<***>", "***", 12345, 1.5, True, None],
        "deep": {"pin": "***"},
    }
