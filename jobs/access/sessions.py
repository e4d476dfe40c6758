"""Access by Django's session."""

from importlib import import_module
from itertools import batched
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    load_backend,
)
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from jobs.access.access import EVERYTHING, Access

#: Keys in one query; SQLite takes 32,766.
BATCH = 5000


def session_access(key: str) -> Access | None:
    """None for a session that has ended, or in which nobody is signed in. Blocks.

    As `django.contrib.auth.get_user`, which gives a session that was made with a former SECRET_KEY another key: a
    socket could not hand its browser the new cookie.
    """
    session = session_class()(key)
    user = _user_of(session)
    held = session.get(HASH_SESSION_KEY, "")
    if user is None or not any(constant_time_compare(held, one) for one in password_hashes(user)):
        return None
    return Access(user=user, scopes=EVERYTHING, session_key=key, session_hash=held)


def _user_of(session: SessionBase) -> Any:
    path = session.get(BACKEND_SESSION_KEY, "")
    return (
        load_backend(path).get_user(session[SESSION_KEY])
        if path in settings.AUTHENTICATION_BACKENDS
        else None
    )


def password_hashes(user: Any) -> set[str]:
    """What a session may hold of the user's password: made with today's SECRET_KEY, or with a former one."""
    return {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}


def live_sessions(keys: set[str]) -> set[str]:
    """Those of the keys whose sessions have not ended. Blocks."""
    sessions = session_class()
    if not issubclass(sessions, DatabaseSession):
        return {key for key in keys if sessions(key).load()}
    rows = sessions.get_model_class().objects.filter(expire_date__gt=timezone.now())
    found: set[str] = set()
    for batch in batched(keys, BATCH):
        found.update(rows.filter(session_key__in=batch).values_list("session_key", flat=True))
    return found


def session_class() -> type[SessionBase]:
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return store
