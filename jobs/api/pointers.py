"""JSON Pointers (RFC 6901): where in a request's body something is."""

from typing import Any

type Part = str | int


def pointer(*parts: Part) -> str:
    """("args", "rows", 2) → "/args/rows/2"; none: the whole body, ""."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def place_in(value: Any, path: tuple[Part, ...]) -> tuple[Part, ...]:
    """`path` without the names of types that pydantic puts between the real steps when a type is a union.

    A last step that `value` lacks is kept: it is what is missing.
    """
    place: list[Part] = []
    for index, part in enumerate(path):
        match value:
            case dict() if part in value:
                value = value[part]
            case list() if isinstance(part, int) and part < len(value):
                value = value[part]
            case dict() if index == len(path) - 1:
                pass
            case _:
                continue
        place.append(part)
    return tuple(place)
