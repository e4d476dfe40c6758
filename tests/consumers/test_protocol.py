import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.protocol import MAX_FRAME_CHARACTERS, BadFrame, Ping, Subscribe, Unsubscribe, decode


def test_the_three_frames_of_a_client():
    assert decode('{"type":"subscribe","topic":"job:1"}') == Subscribe("job:1", None)
    assert decode('{"type":"subscribe","topic":"job:1","after":7}') == Subscribe("job:1", 7)
    assert decode('{"type":"unsubscribe","topic":"job:1"}') == Unsubscribe("job:1")
    assert decode('{"type":"ping"}') == Ping()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "nonsense",
        "[]",
        "{}",
        '{"type":"shout"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","topic":7}',
        '{"type":"subscribe","topic":"job:1","after":-1}',
        '{"type":"subscribe","topic":"job:1","after":1.5}',
        '{"type":"subscribe","topic":"' + "x" * 101 + '"}',
        "[" * 4000,
    ],
)
def test_anything_else_is_a_bad_frame(text):
    with pytest.raises(BadFrame):
        decode(text)


@given(st.text())
def test_no_text_makes_it_fall_over(text):
    with pytest.raises(BadFrame):
        decode(text)


def test_a_frame_s_length_is_limited():
    padding = MAX_FRAME_CHARACTERS - len('{"type":"ping"}')
    assert decode('{"type":"ping"}' + " " * padding) == Ping()
    with pytest.raises(BadFrame, match="at most 4096"):
        decode('{"type":"ping"}' + " " * (padding + 1))
