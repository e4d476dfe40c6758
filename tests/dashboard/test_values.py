"""Results and times are laid out to be read."""

from datetime import timedelta

import pytest

from jobs.dashboard import values, words
from jobs.dashboard.values import Items, Json, Pairs, Table, Text, shown


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "–"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.30000000000000004, "0.3"),
        ("", ""),
        ([], "none"),
    ],
)
def test_a_plain_value_is_a_word(value, text):
    assert shown(value) == Text(text, is_number=isinstance(value, int | float) and value is not True)


def test_a_list_of_objects_is_a_table():
    table = shown([{"a": 1, "b": "x"}, {"a": None, "c": {"d": 1}}])
    assert isinstance(table, Table)
    assert [(column.name, column.is_number) for column in table.columns] == [
        ("A", True),
        ("B", False),
        ("C", False),
    ]
    assert [[cell.text for cell in row] for row in table.rows] == [["1", "x", "–"], ["–", "–", "D: 1"]]


def test_a_cell_tells_the_gist_of_what_it_has_no_room_for():
    table = shown(
        [{"a": [{"value": "x", "count": n} for n in range(6)], "b": {"min": 1}, "c": [1, 2], "d": []}]
    )
    assert [cell.text for cell in table.rows[0]] == ["x, x, x, x … 6 in all", "Min: 1", "1, 2", "–"]


def test_other_lists_are_items_and_objects_pairs():
    assert shown([1, "a"]) == Items([Text("1", is_number=True), Text("a")])
    assert shown({"row_count": 1}) == Pairs([("Row count", Text("1", is_number=True))])


def test_deep_values_are_json():
    deepest = shown({"a": {"b": {"c": {"d": 1}}}})
    while isinstance(deepest, Pairs):
        [(_, deepest)] = deepest.pairs
    assert isinstance(deepest, Json)


def test_long_values_are_cut_and_say_by_how_much():
    assert shown([{"a": 1}] * 60).rest == "… and 10 more rows."
    assert shown("x" * (values.MAX_TEXT + 1)).rest == "… and 1 more characters."
    assert shown(dict.fromkeys(map(str, range(60)), 1)).rest == "… and 10 more entries."


@pytest.mark.parametrize(
    "seconds, text",
    [(-1, "0 ms"), (0.0384, "38 ms"), (1.44, "1.4 s"), (12.4, "12 s"), (184, "3 min 4 s"), (7500, "2 h 5 min"),
     (273_600, "3 d 4 h")],
)  # fmt: skip
def test_a_duration_has_two_units_at_most(seconds, text):
    assert words.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("size, text", [(812, "812 bytes"), (1400, "1.4 KB"), (104_857_600, "105 MB")])
def test_a_size_is_decimal(size, text):
    assert words.size(size) == text


def test_a_name_reads_like_words():
    assert [words.label(name) for name in ("id_field", "to", "html")] == ["ID field", "To", "HTML"]
