"""Who asks: an API token, or a signed-in browser."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from ninja.security.base import AuthBase

from jobs.api.exceptions import unauthenticated
from jobs.api.problems import Kind, Problem
from jobs.models import ApiToken

SAFE_METHODS = ("GET", "HEAD")


class ApiRequest(HttpRequest):
    """A request that has passed authentication."""

    #: The user who asks.
    auth: Any


class BearerToken(AuthBase):
    """`Authorization: Bearer <token>`. A wrong one is refused even if the browser is signed in."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    async def __call__(self, request: HttpRequest) -> Any:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, plaintext = header.partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated(
                f"Expected 'Authorization: Bearer <token>', got the scheme {scheme[:20]!r}."
            )
        token = await ApiToken.objects.matching(plaintext.strip()).afirst()
        if token is None:
            raise unauthenticated("The API token is unknown or has expired; make a new one.")
        return token.owner


class SessionCookie(AuthBase):
    """Django's session; what changes something needs the CSRF token too, in the X-CSRFToken header."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    async def __call__(self, request: HttpRequest) -> Any:
        user = await request.auser()
        if not user.is_authenticated:
            return None
        if request.method not in SAFE_METHODS:
            # Looking for the token in a form parses the whole body, with its files: not on the event loop.
            await sync_to_async(_check_csrf)(request)
        return user


def _check_csrf(request: HttpRequest) -> None:
    """ninja exempts its views from the middleware's own check, as API tokens need none."""
    check = _CsrfCheck(_unused)
    check.process_request(request)
    if reason := check.process_view(request, _unused, (), {}):
        detail = f"{reason} Send the value of the csrftoken cookie in the X-CSRFToken header."
        raise Problem(Kind.CSRF, detail)


def _unused(_request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


class _CsrfCheck(CsrfViewMiddleware):
    """Answers with the reason instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason
