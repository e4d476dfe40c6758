"""Which pages may open a socket: those of this site, of origins that its forms trust, and of embeds; and programs."""

from io import BytesIO
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils.http import is_same_domain

from consumers.asgi import Scope
from jobs.access import is_embed

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_trusted(scope: Scope) -> bool:
    """Whether the Origin is the one that was asked, or is in settings' CSRF_TRUSTED_ORIGINS or EMBED_ORIGINS.

    Without one it is a program that asks: a browser always tells it.
    """
    # Django's own reading of Host and scheme, which knows the proxies that the settings name.
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = ASGIRequest({**scope, "method": "GET", "query_string": b"", "scheme": scheme}, BytesIO())
    given = request.headers.get("Origin")
    try:
        asked = Origin.read(f"{request.scheme}://{request.get_host()}")
    except DisallowedHost:
        return False
    if given is None:
        return True
    origin = Origin.read(given)
    return origin is not None and (
        origin == asked
        or is_embed(given)
        or any(origin.fits(pattern) for pattern in settings.CSRF_TRUSTED_ORIGINS)
    )


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Nothing for a text that is no origin, such as `null`, or `http://[`."""
        try:
            parts = urlsplit(text)
            port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return None
        return cls(parts.scheme, parts.hostname, port) if parts.hostname else None

    def fits(self, pattern: str) -> bool:
        """Whether this is an origin of CSRF_TRUSTED_ORIGINS' kind: https://example.com, https://*.example.com."""
        wanted = Origin.read(pattern)
        return (
            wanted is not None
            and (self.scheme, self.port) == (wanted.scheme, wanted.port)
            and is_same_domain(self.host, wanted.host.removeprefix("*"))
        )
