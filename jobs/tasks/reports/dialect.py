"""How a file writes its cells: the delimiter and the decimal mark, given or guessed from its beginning."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from .kinds import Decimal

type Delimiter = Literal[",", ";", "\t", "|"]

DELIMITERS: tuple[Delimiter, ...] = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
#: Records looked at.
SAMPLE = 100

_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_COMMA = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+),\d+")
_POINT = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(,\d{3})+)\.\d+")


@dataclass(frozen=True, slots=True)
class Dialect:
    delimiter: str
    decimal: Decimal


def guess(
    beginning: str,
    delimiter: Delimiter | Literal["auto"] = "auto",
    decimal: Decimal | Literal["auto"] = "auto",
) -> Dialect:
    """What was asked for, and for "auto" what fits the file's beginning best."""
    found = guess_delimiter(beginning) if delimiter == "auto" else delimiter
    return Dialect(found, guess_decimal(beginning, found) if decimal == "auto" else decimal)


def guess_delimiter(beginning: str) -> Delimiter:
    """The one that cuts most records into the same number of cells; the more cells the better; else a comma."""
    return max(DELIMITERS, key=lambda delimiter: _regularity(_records(beginning, delimiter)))


def _regularity(records: list[list[str]]) -> tuple[float, int]:
    if not records:
        return 0.0, 0
    (width, times), *_ = Counter(map(len, records)).most_common(1)
    return (times / len(records), width) if width > 1 else (0.0, 0)


def guess_decimal(beginning: str, delimiter: str) -> Decimal:
    """A comma if more cells look like 3,14 or 1.234,5 than like 3.14 or 1,234.5.

    1,234 and 1.234 may mean either: if nothing else tells, a comma in files cut at semicolons, else a point.
    """
    cells = [cell.strip() for record in _records(beginning, delimiter) for cell in record]
    clear = [cell for cell in cells if not _EITHER.fullmatch(cell)]
    commas = sum(_COMMA.fullmatch(cell) is not None for cell in clear)
    points = sum(_POINT.fullmatch(cell) is not None for cell in clear)
    if commas == points:
        return "," if delimiter == ";" else "."
    return "," if commas > points else "."


def _records(beginning: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(beginning.splitlines(keepends=True), delimiter=delimiter)
    try:
        return [record for record in islice(reader, SAMPLE) if record]
    except csv.Error:  # the reader of the whole file will tell where
        return []
