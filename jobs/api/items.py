"""The items of a batch's body, one at a time: what has been read is not kept decoded."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from jobs.api.bodies import UNREADABLE
from jobs.api.problems import Kind, Problem
from jobs.conf import options

#: One JSON value a line (https://github.com/ndjson/ndjson-spec).
NDJSON = "application/x-ndjson"

type Item = bytes | msgspec.Raw


def items(body: bytes, content_type: str | None) -> Iterator[Item]:
    """The text of each. Raises Problem: no list, empty, or too many."""
    limit, count = options().max_batch_jobs, 0
    texts = _lines(body) if content_type == NDJSON else _elements(body, limit + 1)
    for count, text in enumerate(texts, start=1):
        if count > limit:
            detail = f"A batch may have {limit} jobs; send several."
            raise Problem(Kind.BATCH_TOO_LARGE, detail, max_jobs=limit)
        yield text
    if not count:
        raise Problem(Kind.INVALID_REQUEST, "Expected at least one job, got none.")


def _lines(body: bytes) -> Iterator[bytes]:
    """Those that are not empty."""
    return (line for line in BytesIO(body) if not line.isspace())


def _elements(body: bytes, most: int) -> Iterator[msgspec.Raw]:
    try:
        found = _array(most).decode(body)
    except UNREADABLE as error:
        detail = f"Expected a JSON array of jobs, or one job a line as {NDJSON}: {error}."
        raise Problem(Kind.MALFORMED, detail) from error
    return (each for each in astuple(found) if each is not UNSET)


@cache
def _array(most: int) -> msgspec.json.Decoder[Any]:
    """Keeps so many elements and skips the rest: a list of all that 16 MiB may hold took 600 MB."""
    places = [(f"_{index}", msgspec.Raw | UnsetType, UNSET) for index in range(most)]
    return msgspec.json.Decoder(msgspec.defstruct("Elements", places, array_like=True))
