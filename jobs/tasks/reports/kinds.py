"""What a cell holds: each kind turns cells into numbers to compute with."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Literal

type Decimal = Literal[".", ","]
#: The cells that fit, as numbers, and those that don't.
type Parsed = tuple[list[float], list[str]]
type Parse = Callable[[list[str]], Parsed]

#: Cells that say "nothing here".
MISSING = frozenset(
    ["", "NA", "na", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "NULL", "Null", "null"],
)
#: Squares of larger numbers don't fit a float.
MAX_NUMBER = 1e150

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - dates without a zone are compared as they stand
_SECOND = timedelta(seconds=1)
#: Ends of the calendar, in seconds since the epoch.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
_TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
#: Forms that float() takes and a table doesn't mean: 1_000, and 007 or 01234, which are codes.
_NOT_NUMBERS = re.compile(r"_|^[+-]?0\d", re.MULTILINE)
_GROUPED = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?"),
}


class Kind(StrEnum):
    BOOLEAN = "boolean"
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


def parsers(decimal: Decimal) -> dict[Kind, Parse]:
    """How to read each kind but text, in the order in which they are preferred."""

    def numbers(cells: list[str]) -> Parsed:
        return parse_numbers(cells, decimal)

    return {Kind.BOOLEAN: parse_booleans, Kind.NUMBER: numbers, Kind.DATE: parse_dates}


def parse_booleans(cells: list[str]) -> Parsed:
    """true, false, yes and no in any case, as 1 and 0."""
    found = [_TRUTH.get(cell.lower()) for cell in cells]
    fits = [truth for truth in found if truth is not None]
    if len(fits) == len(cells):
        return fits, []
    return fits, [cell for cell, truth in zip(cells, found, strict=True) if truth is None]


def parse_numbers(cells: list[str], decimal: Decimal) -> Parsed:
    """Plain, scientific, and grouped by thousands; a leading zero or an underscore makes it a code, not a number."""
    return _all_numbers(cells, decimal) or _each(cells, lambda cell: _number(cell, decimal))


def _all_numbers(cells: list[str], decimal: Decimal) -> Parsed | None:
    """The quick way for a batch that holds nothing but plain numbers; None if it does not."""
    text = "\n".join(cells)
    if _NOT_NUMBERS.search(text) or (decimal == "," and "." in text):
        return None
    plain = text.replace(",", ".").split("\n") if decimal == "," else cells
    if len(plain) != len(cells):  # a cell of several lines
        return None
    try:
        numbers = list(map(float, plain))
    except ValueError:
        return None
    in_range = all(
        isfinite(end) and abs(end) <= MAX_NUMBER for end in (min(numbers), max(numbers), sum(numbers))
    )
    return (numbers, []) if in_range else None


def _number(cell: str, decimal: Decimal) -> float | None:
    if _NOT_NUMBERS.search(cell):
        return None
    group = "," if decimal == "." else "."
    if group in cell:
        if not _GROUPED[decimal].fullmatch(cell):
            return None
        cell = cell.replace(group, "")
    try:
        number = float(cell.replace(decimal, "."))
    except ValueError:
        return None
    return number if abs(number) <= MAX_NUMBER else None


def parse_dates(cells: list[str]) -> Parsed:
    """ISO 8601 dates and times, and DD.MM.YYYY, as seconds since 1970; with a zone in UTC, without as they stand."""
    try:
        return [(datetime.fromisoformat(cell) - _EPOCH) / _SECOND for cell in cells], []
    except (ValueError, TypeError):
        return _each(cells, _date)


def _date(cell: str) -> float | None:
    if len(cell) == 10 and cell[2] == cell[5] == ".":
        cell = f"{cell[6:]}-{cell[3:5]}-{cell[:2]}"
    try:
        moment = datetime.fromisoformat(cell)
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) / _SECOND


def date_text(seconds: float) -> str:
    """The date, with the time of day if it isn't midnight; the calendar's end for what lies beyond it."""
    moment = _EPOCH + timedelta(seconds=min(max(round(seconds), _FIRST), _LAST))
    return moment.date().isoformat() if moment.time() == moment.min.time() else moment.isoformat(" ")


def _each(cells: list[str], parse: Callable[[str], float | None]) -> Parsed:
    found = [parse(cell) for cell in cells]
    fits = [number for number in found if number is not None]
    return fits, [cell for cell, number in zip(cells, found, strict=True) if number is None]
