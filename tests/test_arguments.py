import math
import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.arguments import MAX_DEPTH, MAX_INTEGER, arguments_schema, bind, jsonable, named, parse
from jobs.conf import options
from jobs.errors import ArgumentsTooLarge, InvalidArguments
from tests.sample_tasks import add, note, step, typed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abc{}\n"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_json_values_come_through_unchanged(value):
    assert jsonable(value, ()) == value


@pytest.mark.parametrize(
    "value, where",
    [
        ({"rows": [1, 2, {"when": datetime(2026, 1, 1)}]}, "rows[2].when"),  # noqa: DTZ001
        ({"share": math.nan}, "share"),
        ({"share": [math.inf]}, "share[0]"),
        ({"text": "a\0b"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"data": b"bytes"}, "data"),
        ({"map": {1: "one"}}, "map.1"),
        ({"count": [2**63]}, "count[0]"),
        ({"count": -(2**63)}, "count"),
        ({"count": 10**5000}, "count"),
    ],
)
def test_a_value_that_json_cannot_carry_is_named_by_its_place(value, where):
    with pytest.raises(InvalidArguments, match=f"^Argument {re.escape(where)} "):
        jsonable(value, ())


def test_nesting_is_limited():
    def nested(levels):
        return [] if levels == 0 else [nested(levels - 1)]

    jsonable(nested(MAX_DEPTH), ())
    with pytest.raises(InvalidArguments, match="nested deeper"):
        jsonable(nested(MAX_DEPTH + 1), ())


def test_what_comes_from_outside_is_judged_before_it_is_encoded():
    """Python writes no int of so many digits as text."""
    with pytest.raises(InvalidArguments) as refused:
        parse(typed, {"rows": 10**5000})
    assert refused.value.problems == ((("rows",), "Is a whole number that does not fit into 64 bits."),)


def test_the_size_of_arguments_is_limited():
    overhead = len('[[""], {}]')
    bind(note, ("x" * (options().max_argument_bytes - overhead),), {})
    with pytest.raises(ArgumentsTooLarge, match="at most 65536"):
        bind(note, ("x" * (options().max_argument_bytes - overhead + 1),), {})


@pytest.mark.parametrize(
    "args, kwargs, said",
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, 2, 3), {}, "too many positional arguments"),
        ((1,), {"c": 3}, "unexpected keyword argument 'c'"),
        ((1,), {"a": 1}, "multiple values for argument 'a'"),
    ],
)
def test_a_call_that_does_not_fit_the_signature_is_refused(args, kwargs, said):
    with pytest.raises(InvalidArguments, match=said):
        bind(add, args, kwargs)


def test_the_context_is_no_argument():
    assert bind(step, (), {"steps": 5}) == ([], {"steps": 5})
    with pytest.raises(InvalidArguments):
        bind(step, (), {"context": 5})


def test_arguments_from_outside_are_checked_against_their_types():
    with pytest.raises(InvalidArguments) as refused:
        parse(typed, {"rows": "many", "kind": "doc", "more": 1})
    assert dict(refused.value.problems) == {
        ("rows",): 'Input should be a valid integer, got "many"',
        ("kind",): "Input should be 'csv' or 'pdf', got \"doc\"",
        ("more",): "Extra inputs are not permitted, got 1",
    }


@pytest.mark.parametrize(
    "rows, fits", [(0, False), (1, True), (10, True), (11, False), ("5", False), (5.5, False)]
)
def test_bounds_and_types_are_strict(rows, fits):
    if fits:
        assert parse(typed, {"rows": rows}) == {"rows": rows}
    else:
        with pytest.raises(InvalidArguments):
            parse(typed, {"rows": rows})


def test_what_is_left_out_stays_out_so_that_the_function_s_default_applies():
    assert parse(typed, {"rows": 1}) == {"rows": 1}


def test_the_schema_tells_types_bounds_help_and_files():
    schema = arguments_schema(typed)
    assert schema["required"] == ["rows"]
    assert schema["properties"]["rows"] == {
        "type": "integer", "minimum": 1, "maximum": 10, "description": "How many rows.", "title": "Rows",
    }  # fmt: skip
    assert schema["properties"]["source"]["format"] == "upload"
    assert schema["properties"]["source"]["x-accept"] == ["text/csv", ".csv"]


def test_positional_arguments_get_their_names_back():
    assert named(add, [1], {"b": 3}) == {"a": 1, "b": 3}
