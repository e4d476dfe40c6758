"""Reading one page's body, and the Retry-After header."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import InvalidInput
from jobs.tasks.sync.page import read_page
from jobs.tasks.sync.retry_after import MAX_WAIT, parse_retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(content: Any, *, id_field: str = "id", items_field: str = "") -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_page(body, id_field=id_field, items_field=items_field)


@pytest.mark.parametrize("envelope", ["items", "results", "data", "records"])
def test_a_page_is_a_list_or_holds_one_in_a_usual_field(envelope: str) -> None:
    expected = {"1": {"id": 1}, "b": {"id": "b"}}
    assert read([{"id": 1}, {"id": "b"}]).records == expected
    assert read({envelope: [{"id": 1}, {"id": "b"}]}).records == expected


def test_a_page_names_its_next_one_and_the_total() -> None:
    page = read({"items": [], "next": "/items?page=2", "count": 7})
    assert (page.next_link, page.total) == ("/items?page=2", 7)
    last = read({"items": [], "next": None, "total": "many"})
    assert (last.next_link, last.total) == (None, None)


def test_the_caller_may_name_the_fields() -> None:
    page = read({"items": [], "orders": [{"no": "A-1"}]}, id_field="no", items_field="orders")
    assert page.records == {"A-1": {"no": "A-1"}}


def test_of_two_records_with_one_id_the_later_counts() -> None:
    assert read([{"id": 1, "n": "old"}, {"id": "1", "n": "new"}]).records == {"1": {"id": "1", "n": "new"}}


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def test_a_record_may_be_32_levels_deep_and_not_33() -> None:
    assert read([{"id": 1, "deep": nested(31)}]).records
    with pytest.raises(InvalidInput, match="Record 1 of the page is nested deeper than 32 levels"):
        read([{"id": 1, "deep": nested(32)}])


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"<html>", "The page is not JSON"),
        (b"", "The page is not JSON"),
        (b'{"items": [', "The page is not JSON"),
        (b'[{"id": "\xff"}]', "The page is not JSON"),
        (b'[{"id": 1, "x": NaN}]', "it holds NaN"),
        (b'[{"id": 1, "x": -Infinity}]', "it holds -Infinity"),
        (b'[{"id": 1, "x": 1e999}]', "Record 1 of the page has a number too large"),
        (b'[{"id": 1, "x": ' + b"9" * 5000 + b"}]", "The page is not JSON"),
        (b"[" * 100_000, "nested deeper than 32 levels"),
        ("text", "its fields: none"),
        ({"things": []}, "one in items or results or data or records; its fields: things"),
        ([1], "Record 1 of the page is no JSON object but int"),
        (
            [{"id": 1}, {"name": "x"}],
            "Record 2 of the page has no text or whole number in 'id'; its fields: name",
        ),
        ([{"id": None}], "has no text or whole number in 'id'"),
        ([{"id": True}], "has no text or whole number in 'id'"),
        ([{"id": 1.5}], "has no text or whole number in 'id'"),
        ([{"id": ""}], "has no text or whole number in 'id'"),
        ([{"id": "x" * 201}], "has an id of 201 characters; expected at most 200"),
        ([{"id": "a\0"}], "a NUL or half a surrogate pair"),
        ([{"id": 1, "x": ["\ud800"]}], "a NUL or half a surrogate pair"),
        ([{"id": 1, "\0": 1}], "a NUL or half a surrogate pair"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_page_is_refused_with_its_place(content: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read(content)


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_whatever_bytes_come_they_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidInput):
        read(body)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("0", timedelta()),
        ("12", timedelta(seconds=12)),
        (" 12 ", timedelta(seconds=12)),
        ("9" * 5000, MAX_WAIT),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), timedelta(minutes=2)),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), timedelta()),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), MAX_WAIT),
        ("Sun, 01 Mar 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),  # a digit to Python, not to HTTP
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 99999999999999999999 12:00:30 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", MAX_WAIT),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, expected: timedelta | None) -> None:
    assert parse_retry_after(value, NOW) == expected


@given(st.text())
def test_any_retry_after_is_within_bounds_or_nothing(value: str) -> None:
    wait = parse_retry_after(value, NOW)
    assert wait is None or timedelta() <= wait <= MAX_WAIT
