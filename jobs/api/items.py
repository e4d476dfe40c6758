"""The items of a batch's body, one at a time: what has been read is not kept decoded."""

from collections.abc import Iterator
from io import BytesIO

import msgspec

from jobs.api.bodies import UNREADABLE
from jobs.api.problems import Kind, Problem
from jobs.conf import options

#: One JSON value a line (https://github.com/ndjson/ndjson-spec).
NDJSON = "application/x-ndjson"

_array = msgspec.json.Decoder(list[msgspec.Raw])


type Item = bytes | msgspec.Raw


def items(body: bytes, content_type: str | None) -> Iterator[Item]:
    """The text of each. Raises Problem: no list, empty, or too many."""
    texts = _lines(body) if content_type == NDJSON else _elements(body)
    limit, count = options().max_batch_jobs, 0
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


def _elements(body: bytes) -> list[msgspec.Raw]:
    try:
        return _array.decode(body)
    except UNREADABLE as error:
        detail = f"Expected a JSON array of jobs, or one job a line as {NDJSON}: {error}."
        raise Problem(Kind.MALFORMED, detail) from error
