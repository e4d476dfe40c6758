"""CORS: pages of settings.EMBED_ORIGINS may read answers of the API. Without credentials: they show a job token."""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.decorators import async_only_middleware

from jobs.access import is_embed
from jobs.api.middleware import PREFIX

#: What else than the simplest requests such a page may send ...
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, Last-Event-ID, Prefer",
    # Seconds for which a browser need not ask again.
    "Access-Control-Max-Age": "3600",
}
#: ... and read, besides the body.
EXPOSED = "Content-Disposition, ETag, Link, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After"

type View = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def cross_origin(get_response: View) -> View:
    """Around all that makes answers, so that a page can read problems too."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if not (settings.EMBED_ORIGINS and request.path_info.startswith(PREFIX)):
            return await get_response(request)
        origin = request.headers.get("Origin", "")
        embedded = is_embed(origin)
        response = _preflight() if embedded and _is_preflight(request) else await get_response(request)
        patch_vary_headers(response, ["Origin"])
        if embedded:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED
        return response

    return middleware


def _is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _preflight() -> HttpResponseBase:
    return HttpResponse(status=204, headers=ALLOWED)
