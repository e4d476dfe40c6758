"""Pages of a list: a cursor says after which row to go on."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


def next_url(request: HttpRequest, **changes: Any) -> str:
    """This request's own address with other query parameters, without host: the caller knows that better."""
    query = {name: request.GET.getlist(name) for name in request.GET} | changes
    return f"{request.path}?{urlencode(query, doseq=True)}"


def link_header(url: str | None) -> dict[str, str]:
    """RFC 8288; none on the last page."""
    return {"Link": f'<{url}>; rel="next"'} if url else {}
