"""Reads one page of a JSON API: its records by id, and where the next page is. Pure: bytes in, values out."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Never

from jobs import InvalidInput

#: Nesting of a record, itself included.
MAX_DEPTH = 32
MAX_ID_LENGTH = 200
#: Where a page's list is looked for when the caller names no field.
USUAL_ITEMS_FIELDS = ("items", "results", "data", "records")
#: Where a page says how many records there are in all.
USUAL_TOTAL_FIELDS = ("total", "count", "total_count")


@dataclass(frozen=True, slots=True)
class Page:
    #: By the source's id; of two with one id the later counts.
    records: dict[str, dict[str, Any]]
    #: The body's own `next`, as it stands there; None if it has none.
    next_link: str | None
    #: Records in all pages, if the body says so.
    total: int | None


def read_page(body: bytes, *, id_field: str, items_field: str) -> Page:
    """Raises InvalidInput, naming the place, for what is not a page of JSON objects that have an id."""
    content = _parse(body)
    envelope = content if isinstance(content, dict) else {}
    items = content if isinstance(content, list) else _items(envelope, items_field)
    return Page(
        records=dict(_identified(items, id_field)),
        next_link=_text(envelope.get("next")),
        total=next((envelope[name] for name in USUAL_TOTAL_FIELDS if _is_count(envelope.get(name))), None),
    )


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidInput(f"The page is nested deeper than {MAX_DEPTH} levels.") from error
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise InvalidInput(f"The page is not JSON: {error}.") from error


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"it holds {name}, and JSON has only finite numbers")


def _items(envelope: dict[str, Any], items_field: str) -> list[Any]:
    fields = (items_field,) if items_field else USUAL_ITEMS_FIELDS
    for field in fields:
        if isinstance(found := envelope.get(field), list):
            return found
    present = ", ".join(list(envelope)[:10]) or "none"
    raise InvalidInput(
        f"Expected the page to be a list, or to hold one in {' or '.join(fields)}; its fields: {present}. "
        "Name the right one in items_field."
    )


def _identified(items: list[Any], id_field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, item in enumerate(items):
        place = f"Record {index + 1} of the page"
        if not isinstance(item, dict):
            raise InvalidInput(f"{place} is no JSON object but {type(item).__name__}.")
        _check_storable(item, place)
        yield _identity(item, id_field, place), item


def _identity(item: dict[str, Any], id_field: str, place: str) -> str:
    found = item.get(id_field)
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        present = ", ".join(list(item)[:10]) or "none"
        raise InvalidInput(
            f"{place} has no text or whole number in {id_field!r}; its fields: {present}. "
            "Name the right one in id_field."
        )
    if len(identity := str(found)) > MAX_ID_LENGTH:
        raise InvalidInput(
            f"{place} has an id of {len(identity)} characters; expected at most {MAX_ID_LENGTH}."
        )
    return identity


def _check_storable(value: Any, place: str, depth: int = 1) -> None:
    """Raises InvalidInput for what SQL's JSON can't hold, or what is nested too deep."""
    match value:
        case str() if "\0" in value or _has_surrogate(value):
            raise InvalidInput(
                f"{place} has text with a NUL or half a surrogate pair, which can't be stored."
            )
        case float() if not math.isfinite(value):
            raise InvalidInput(f"{place} has a number too large for a float.")
        case list() | dict() if depth > MAX_DEPTH:
            raise InvalidInput(f"{place} is nested deeper than {MAX_DEPTH} levels.")
        case list():
            for item in value:
                _check_storable(item, place, depth + 1)
        case dict():
            for key, item in value.items():
                _check_storable(key, place, depth + 1)
                _check_storable(item, place, depth + 1)


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
