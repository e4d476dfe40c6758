"""`Prefer` (RFC 7240): how a caller would like to be answered."""

from django.http import HttpRequest


def preferences(request: HttpRequest) -> dict[str, str]:
    """By name, in lower case; one without a value has "". Of one that is named twice the first counts (§2)."""
    found: dict[str, str] = {}
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found
