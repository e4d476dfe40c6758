"""Keeps Django's own middleware on the event loop.

Django runs each of its two halves in a thread, as they might wait for something. These do not, and the hops were half
of what a short request cost.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware

type Touches = Callable[[HttpRequest], bool]


def _never(_request: HttpRequest) -> bool:
    return False


def _has_messages(request: HttpRequest) -> bool:
    """They may lie in the session."""
    messages: Any = getattr(request, "_messages", None)
    return messages is not None and (messages.used or messages.added_new)


def _has_session(request: HttpRequest) -> bool:
    """It may have to be stored."""
    return request.session.accessed


#: Whether the second half has to wait for something. None of the first halves does.
MIDDLEWARE: dict[Any, Touches] = {
    SecurityMiddleware: _never,
    XFrameOptionsMiddleware: _never,
    ContentSecurityPolicyMiddleware: _never,
    CommonMiddleware: _never,
    CsrfViewMiddleware: _never,
    AuthenticationMiddleware: _never,
    SessionMiddleware: _has_session,
    MessageMiddleware: _has_messages,
}


def keep_on_loop() -> None:
    """From here on, in this process. Their names in the settings stay, which Django's checks look for."""
    for middleware, touches in MIDDLEWARE.items():
        middleware.__acall__ = _on_loop(touches)


def _on_loop(touches: Touches) -> Any:
    async def call(self: Any, request: HttpRequest) -> Any:
        response = self.process_request(request) if hasattr(self, "process_request") else None
        response = response or await self.get_response(request)
        if not hasattr(self, "process_response"):
            return response
        if touches(request):
            return await sync_to_async(self.process_response)(request, response)
        return self.process_response(request, response)

    return call
