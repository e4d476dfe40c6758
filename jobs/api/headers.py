"""The headers that the OpenAPI document describes: which requests may have, and which answers."""

from typing import Any

from jobs.access import OWNER_HEADER
from jobs.api.repeats import PATTERN
from jobs.api.schemas.base import MAX_SEQ

#: Where the document keeps those of answers.
TEMPLATE = "#/components/headers/{name}"

TEXT = {"type": "string"}

#: Their schemas and examples; what each is for depends on the operation. All may be left out.
ASKED: dict[str, dict[str, Any]] = {
    OWNER_HEADER: {"schema": TEXT, "example": "ada"},
    "Idempotency-Key": {
        "schema": {**TEXT, "pattern": PATTERN},
        "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    },
    "If-None-Match": {"schema": TEXT, "example": '"01a204a128a877579a8748805c33ffa0-3-0"'},
    "Last-Event-ID": {"schema": {"type": "integer", "minimum": 0, "maximum": MAX_SEQ}, "example": 3},
    "Prefer": {"schema": TEXT, "example": "wait=10"},
    "traceparent": {"schema": TEXT, "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
}

#: Header Objects, by name.
ANSWERED: dict[str, dict[str, Any]] = {
    "Accept": {"description": "The content types that would be taken.", "schema": TEXT},
    "Accept-Encoding": {"description": "The content codings that would be taken.", "schema": TEXT},
    "Allow": {"description": "The methods that this address takes.", "schema": TEXT, "required": True},
    "Content-Disposition": {"description": "The file's name.", "schema": TEXT, "required": True},
    "ETag": {
        "description": "Names this state; for `If-None-Match`.",
        "schema": TEXT,
        "required": True,
        "example": '"01a204a128a877579a8748805c33ffa0-3-0"',
    },
    "Link": {
        "description": 'Where the next page is, as `rel="next"` (RFC 8288); none on the last.',
        "schema": TEXT,
    },
    "Location": {
        "description": "Path of what was made or asked for.",
        "schema": {**TEXT, "format": "uri-reference"},
        "required": True,
    },
    "Preference-Applied": {
        "description": "What was heeded of `Prefer` (RFC 7240).",
        "schema": TEXT,
        "example": "wait=10",
    },
    "RateLimit": {
        "description": "How many submissions are left (`r`), and in how many seconds all are again (`t`).",
        "schema": TEXT,
        "example": '"submissions";r=19999;t=1',
    },
    "RateLimit-Policy": {
        "description": "How many submissions there may be at once (`q`), and in how many seconds they are again (`w`).",
        "schema": TEXT,
        "example": '"submissions";q=20000;w=20',
    },
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "What is wrong with the credentials (RFC 6750).", "schema": TEXT},
    "X-Request-ID": {
        "description": "Finds the request in the log: the one that came with it, else a new one.",
        "schema": TEXT,
        "required": True,
    },
}


def parameter(name: str, description: str) -> dict[str, Any]:
    """Of an operation that heeds the header."""
    return {"in": "header", "name": name, "required": False, "description": description, **ASKED[name]}


def references(*names: str) -> dict[str, Any]:
    """Of an answer that has the headers."""
    return {name: {"$ref": TEMPLATE.format(name=name)} for name in names}
