"""A name for each request: in its answer, and in every line that is logged while it is answered."""

import re
from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

HEADER = "X-Request-ID"
#: What a proxy in front may have named it. Anything else would be somebody's text in our log.
_SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

type View = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def request_ids(get_response: View) -> View:
    """Takes the name that came, or makes one. It is not taken back: each request has a context of its own, and Django
    logs what came of it after all middleware."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        name = name_of(request.headers.get(HEADER, ""))
        structlog.contextvars.bind_contextvars(request_id=name)
        response = await get_response(request)
        response[HEADER] = name
        return response

    return middleware


def name_of(given: str) -> str:
    """What came, or a new one."""
    return given if _SANE.fullmatch(given) else uuid4().hex
