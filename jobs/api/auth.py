"""Who asks: an API token, a job token, or a signed-in browser; and what each operation needs of them."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from ninja.security.base import AuthBase

from jobs.access import (
    EVERYTHING,
    OWNER_HEADER,
    Access,
    acting_for,
    bearer_access,
    holds_token,
    is_embed,
)
from jobs.access.job_token import PREFIX as JOB_TOKEN
from jobs.api.exceptions import scope_missing, unauthenticated
from jobs.api.problems import Kind, Problem
from jobs.models import Scope

SAFE_METHODS = ("GET", "HEAD")


class ApiRequest(HttpRequest):
    """A request that has passed authentication."""

    #: In whose name it is. Staff only if its credentials are good for that.
    auth: Any
    #: What its credentials are for.
    access: Access


def needs(scope: Scope, *, or_job_token: bool = False) -> list[AuthBase]:
    """For an operation's `auth=`: a session, an API token of that scope, or if it keeps to
    `request.access.jobs()`, a job token."""
    tokens: list[AuthBase] = [JobToken(scope)] if or_job_token else []
    return [*tokens, BearerToken(scope), SessionCookie()]


class _Bearer(AuthBase):
    """A token of that scope."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    async def admit(self, request: HttpRequest, plaintext: str) -> Any:
        access = await bearer_access(plaintext)
        if access is None:
            raise unauthenticated("The token is unknown, was revoked or has expired; make a new one.")
        if not access.may(self.scope):
            raise scope_missing(self.scope)
        return await _enter(request, access)


class JobToken(_Bearer):
    """`Authorization: Bearer <job token>`: for one job alone."""

    async def __call__(self, request: HttpRequest) -> Any:
        plaintext = _bearer_text(request)
        return await self.admit(request, plaintext) if plaintext and plaintext.startswith(JOB_TOKEN) else None


class BearerToken(_Bearer):
    """`Authorization: Bearer <API token>`. A wrong one is refused even if the browser is signed in."""

    async def __call__(self, request: HttpRequest) -> Any:
        plaintext = _bearer_text(request)
        if plaintext is None:
            return None
        if plaintext.startswith(JOB_TOKEN):
            raise Problem(Kind.FORBIDDEN, "A job token opens only its job, its events and its files.")
        if _comes_from_embed(request):
            raise Problem(Kind.FORBIDDEN, "A page of another site may show a job token alone.")
        return await self.admit(request, plaintext)


def _bearer_text(request: HttpRequest) -> str | None:
    """What the caller shows; None without an Authorization header."""
    if holds_token(request.META["QUERY_STRING"]):
        detail = "A token in an address is kept by logs. Revoke it, and send another one in 'Authorization'."
        raise Problem(Kind.MALFORMED, detail)
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, plaintext = header.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthenticated(f"Expected 'Authorization: Bearer <token>', got the scheme {scheme[:20]!r}.")
    return plaintext.strip()


class SessionCookie(AuthBase):
    """Django's session; what changes something needs the CSRF token too, in the X-CSRFToken header."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    async def __call__(self, request: HttpRequest) -> Any:
        user = await request.auser()
        if not user.is_authenticated or _comes_from_embed(request):
            return None
        if request.method not in SAFE_METHODS:
            # Looking for the token in a form parses the whole body, with its files: not on the event loop.
            await sync_to_async(_check_csrf)(request)
        key, held = request.session.session_key, await request.session.aget(HASH_SESSION_KEY, "")
        return await _enter(request, Access(user=user, scopes=EVERYTHING, session_key=key, session_hash=held))


async def _enter(request: HttpRequest, access: Access) -> Any:
    """The user in whose name the request goes on. Raises MayNotActForOthers and UnknownOwner."""
    if (owner := request.headers.get(OWNER_HEADER)) is not None:
        access = await acting_for(access, owner.encode("latin-1").decode(errors="replace"))
    request.access = access  # type: ignore[attr-defined]
    return access.user


def _comes_from_embed(request: HttpRequest) -> bool:
    return is_embed(request.headers.get("Origin", ""))


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
