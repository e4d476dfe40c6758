"""The link that bin/dev prints: whoever opens it first is the developer."""

import hashlib
import secrets
from pathlib import Path

from django.contrib.auth import alogin, get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from project.env import STATE

#: Of the account that it signs in to.
USERNAME = "dev"
#: Holds the digest of the secret that is still unused.
UNUSED = STATE / "sign-in"


def issue() -> str:
    """A new secret to put into the link; the one before is worth nothing from here on."""
    secret = secrets.token_urlsafe(32)
    UNUSED.parent.mkdir(exist_ok=True)
    UNUSED.unlink(missing_ok=True)
    UNUSED.touch(mode=0o600)
    UNUSED.write_text(digest(secret))
    return secret


def digest(secret: str) -> str:
    """Who can read the file cannot sign in by it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def use_up(secret: str, unused: Path = UNUSED) -> bool:
    """Whether the secret was right and unused, which it is no longer. Of two at once, one wins."""
    try:
        if not secrets.compare_digest(unused.read_text(), digest(secret)):
            return False
        unused.unlink()
    except FileNotFoundError:
        return False
    return True


@require_GET
async def sign_in(request: HttpRequest, secret: str) -> HttpResponse:
    """Signs the developer in and shows the first page; 403 when the link was used before."""
    user = await get_user_model().objects.filter(username=USERNAME).afirst()
    if user is None or not use_up(secret):
        return HttpResponseForbidden(render_to_string("dev/used_link.html", request=request))
    await alogin(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect("/")
