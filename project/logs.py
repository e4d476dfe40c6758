"""What is left out of the log's lines."""

from collections.abc import MutableMapping
from typing import Any


def without_request(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Django's lines carry the request, whose query may hold somebody's key. Its path is in the message."""
    line.pop("request", None)
    return line
