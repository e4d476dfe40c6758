"""W3C trace context: which trace a request belongs to (https://www.w3.org/TR/trace-context/)."""

import re

from django.http import HttpRequest

#: version, trace id, parent id, flags; a later version may add fields.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_VERSION = "00"


def traceparent_of(request: HttpRequest) -> str:
    """As version 00; empty for none, and for one that is not valid, which is to be ignored (§3.2)."""
    given = request.headers.get("traceparent", "")
    found = _TRACEPARENT.fullmatch(given)
    if found is None or (given.startswith(_VERSION) and found[4]):
        return ""
    return f"{_VERSION}-{found[1]}-{found[2]}-{found[3]}"
