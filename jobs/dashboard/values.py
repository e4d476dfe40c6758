"""Any JSON, laid out to be read: words, lists, tables, pairs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jobs.dashboard.words import label

#: More is left to the job's JSON.
MAX_ROWS = 50
MAX_COLUMNS = 12
MAX_ITEMS = 50
MAX_TEXT = 4000
#: Of a list or object within a table's cell.
MAX_PARTS = 4
NOTHING = "–"
#: Nesting laid out; deeper values are shown as JSON.
MAX_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    is_number: bool = False
    #: What did not fit, as a sentence; empty when all did.
    rest: str = ""
    kind: str = "text"

    @property
    def is_long(self) -> bool:
        return len(self.text) > 80 or "\n" in self.text


@dataclass(frozen=True, slots=True)
class Items:
    items: "list[Shown]"
    rest: str = ""
    kind: str = "items"


@dataclass(frozen=True, slots=True)
class Pairs:
    pairs: "list[tuple[str, Shown]]"
    rest: str = ""
    kind: str = "pairs"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Table:
    columns: list[Column]
    rows: list[list[Text]]
    rest: str = ""
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Json:
    text: str
    rest: str = ""
    kind: str = "json"


type Shown = Text | Items | Pairs | Table | Json


def shown(value: Any, depth: int = 0) -> Shown:
    match value:
        case dict() | list() if not value:
            return Text("none")
        case dict() | list() if depth > MAX_DEPTH:
            return _json(value)
        case [*rows] if all(isinstance(row, dict) for row in rows) and _column_names(rows):
            return _table(rows)
        case list():
            items = [shown(item, depth + 1) for item in value[:MAX_ITEMS]]
            return Items(items, _rest(len(value), MAX_ITEMS, "items"))
        case dict():
            pairs = [(label(key), shown(item, depth + 1)) for key, item in islice(value.items(), MAX_ITEMS)]
            return Pairs(pairs, _rest(len(value), MAX_ITEMS, "entries"))
    return _text(value)


def _text(value: Any) -> Text:
    match value:
        case None:
            return Text(NOTHING)
        case bool():
            return Text("yes" if value else "no")
        case int():
            return Text(f"{value:,}", is_number=True)
        case float():
            return Text(f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.2f}", is_number=True)
    text = str(value)
    return Text(text[:MAX_TEXT], rest=_rest(len(text), MAX_TEXT, "characters"))


def _table(rows: list[dict[str, Any]]) -> Table:
    names = _column_names(rows)
    cells = [[_cell(row.get(name)) for name in names[:MAX_COLUMNS]] for row in rows[:MAX_ROWS]]
    rest = " ".join(
        filter(None, (_rest(len(rows), MAX_ROWS, "rows"), _rest(len(names), MAX_COLUMNS, "columns")))
    )
    columns = [
        Column(label(name), _is_number(column))
        for name, column in zip(names[:MAX_COLUMNS], zip(*cells, strict=True), strict=True)
    ]
    return Table(columns, cells, rest)


def _is_number(column: Iterable[Text]) -> bool:
    told = [cell for cell in column if cell.text != NOTHING]
    return bool(told) and all(cell.is_number for cell in told)


def _column_names(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Of all rows, in the order in which they first come."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _cell(value: Any) -> Text:
    match value:
        case dict():
            return _few([f"{label(name)}: {one_line(item)}" for name, item in value.items()])
        case list():
            return _few([one_line(_first(item)) for item in value])
    return _text(value)


def _few(parts: list[str]) -> Text:
    """A cell has room for a few words; the job's JSON has all."""
    more = f" … {len(parts)} in all" if len(parts) > MAX_PARTS else ""
    return Text(", ".join(parts[:MAX_PARTS]) + more if parts else NOTHING)


def _first(value: Any) -> Any:
    """What names an object, as far as one can tell: what it says first."""
    return next(iter(value.values()), NOTHING) if isinstance(value, dict) else value


def _json(value: Any) -> Json:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return Json(text[:MAX_TEXT], _rest(len(text), MAX_TEXT, "characters"))


def _rest(size: int, limit: int, what: str) -> str:
    return f"… and {size - limit:,} more {what}." if size > limit else ""


def one_line(value: Any) -> str:
    """For a summary of arguments."""
    match value:
        case str():
            text = " ".join(value.split())
        case list() if not any(isinstance(item, dict | list) for item in value):
            text = ", ".join(one_line(item) for item in value)
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"
