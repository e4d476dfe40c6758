"""Run in a process of the system under test: makes users, prints a token and a session for each."""

import json
import sys
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from jobs.models import ApiToken, Scope  # noqa: E402
from tests.planted import mark_what_is_made  # noqa: E402


def sign_up(name: str, *, is_staff: bool) -> dict[str, Any]:
    user = User.objects.create_user(name, is_staff=is_staff)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    _, token = ApiToken.issue(owner=user, name="test", scopes=[Scope.ADMIN])
    return {"user_id": user.pk, "token": token, "session": session.session_key}


if __name__ == "__main__":
    mark_what_is_made()
    *names, _, staff = sys.argv[1:]
    users = {name: sign_up(name, is_staff=name == staff) for name in (*names, staff)}
    sys.stdout.write(json.dumps(users))
