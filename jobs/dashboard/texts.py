"""Between what an input holds, which is text, and the JSON that a task is called with.

Text that does not convert is passed on as it is: the task's types then refuse it with their own sentence.
"""

import json
from datetime import UTC, datetime, tzinfo
from typing import Any

from jobs.dashboard.fields import Field, Kind


def shown(field: Field, value: Any) -> Any:
    """A default as the field's input holds it: text, or a list of texts for checkboxes, or a bool for a switch."""
    match field.kind:
        case Kind.SWITCH:
            return bool(value)
        case Kind.CHECKBOXES:
            return [_option(item) for item in value or []]
        case Kind.LINES:
            return "\n".join(str(item) for item in value or [])
        case Kind.JSON:
            return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
        case Kind.SEGMENTS | Kind.SELECT:
            return "" if value is None else _option(value)
    return "" if value is None else str(value)


def _option(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def converted(field: Field, text: str, zone: tzinfo) -> Any:
    """The JSON that a text stands for; `zone` is where its writer's clock is."""
    match field.kind:
        case Kind.NUMBER:
            return number(text)
        case Kind.SEGMENTS | Kind.SELECT:
            return field.options.get(text, text)
        case Kind.LINES:
            return _lines(field, text)
        case Kind.MOMENT:
            return _moment(text, zone)
        case Kind.JSON:
            return _json(text)
    # A browser sends line ends as CR LF.
    return text.replace("\r\n", "\n")


def number(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _lines(field: Field, text: str) -> list[Any]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    is_text = field.schema["items"]["type"] == "string"
    return lines if is_text else [number(line) for line in lines]


def moment(text: str, zone: tzinfo) -> datetime:
    """What an input of date and time holds. Raises ValueError, also when it has no equivalent in UTC."""
    given = datetime.fromisoformat(text)
    aware = given if given.tzinfo else given.replace(tzinfo=zone)
    try:
        aware.astimezone(UTC)
    except OverflowError as error:  # at the calendar's ends: years 1 and 9999
        raise ValueError(f"{text} in {zone} lies outside the calendar.") from error
    return aware


def _moment(text: str, zone: tzinfo) -> str:
    try:
        return moment(text, zone).isoformat()
    except ValueError:
        return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
