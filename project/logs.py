"""What is left out of the log's lines."""

from collections.abc import MutableMapping
from typing import Any


def without_request(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Django's lines carry the request, whose query may hold somebody's key. Its path is in the message."""
    line.pop("request", None)
    return line


def without_secrets(_logger: Any, _method: str, line: str) -> str:
    """An error may quote whatever it was given: the URL of the database, with its password."""
    from jobs.confidential import mask_of_settings  # which need this module

    return mask_of_settings()(line)
