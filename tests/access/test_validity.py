"""Access that was given is taken back when what it was given for is gone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.access import Access, session_access, still_valid
from jobs.access.bearer import bearer_access
from jobs.models import ApiToken, Scope


def sign_in(user: User) -> Access:
    client = Client()
    client.force_login(user)
    access = session_access(client.cookies["sessionid"].value)
    assert access is not None
    return access


def show_token(user: User) -> Access:
    _, plaintext = ApiToken.issue(owner=user, name="test", scopes=[Scope.ADMIN])
    access = async_to_sync(bearer_access)(plaintext)
    assert access is not None
    return access


def change(**fields: Any) -> Callable[[User], Any]:
    return lambda user: User.objects.filter(pk=user.pk).update(**fields)


def end_session(user: User) -> None:
    keys = [row.pk for row in Session.objects.all() if row.get_decoded()["_auth_user_id"] == str(user.pk)]
    Session.objects.filter(pk__in=keys).update(expire_date=timezone.now())


def change_token(user: User, **fields: Any) -> None:
    user.api_tokens.update(**fields)


#: What happens, and whether access by session and access by token outlive it.
ENDS: dict[str, tuple[Callable[[User], Any], bool, bool]] = {
    "nothing": (lambda user: None, True, True),
    "the user may not sign in any more": (change(is_active=False), False, False),
    "the user is gone": (lambda user: user.delete(), False, False),
    "the user is no staff any more": (change(is_staff=False), False, False),
    "the password was changed": (change(password="another"), False, True),
    "the session has expired": (end_session, False, True),
    "the token was revoked": (lambda user: user.api_tokens.get().revoke(), True, False),
    "the token has expired": (lambda user: change_token(user, expires_at=timezone.now()), True, False),
    "the token expires later": (
        lambda user: change_token(user, expires_at=timezone.now() + timedelta(minutes=1)),
        True,
        True,
    ),
}


def test_access_ends_with_what_it_was_given_for(store, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    users = {end: User.objects.create_user(end[:20] + str(n), is_staff=True) for n, end in enumerate(ENDS)}
    given = {end: (sign_in(user), show_token(user)) for end, user in users.items()}
    for end, (happens, *_) in ENDS.items():
        happens(users[end])
    with CaptureQueriesContext(connection) as asked:
        left = async_to_sync(still_valid)(access for both in given.values() for access in both)
    outlived = {end: (session in left, token in left) for end, (session, token) in given.items()}
    assert outlived == {end: tuple(outlives) for end, (_, *outlives) in ENDS.items()}
    assert len(asked) == 3  # however many they are


@pytest.mark.django_db(transaction=True)
def test_a_session_of_a_former_secret_key_holds_while_that_is_a_fallback(settings):
    access = sign_in(User.objects.create_user("ada"))
    former, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 50
    assert not async_to_sync(still_valid)([access])
    settings.SECRET_KEY_FALLBACKS = [former]
    assert async_to_sync(still_valid)([access]) == {access}
    again = session_access(access.session_key)
    assert again.user == access.user
    assert Session.objects.get().pk == access.session_key  # which Django's own reading would have changed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("engine", ["file", "signed_cookies", "cached_db"])
def test_sessions_may_be_kept_elsewhere(settings, engine, tmp_path):
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    access = sign_in(User.objects.create_user("ada"))
    assert async_to_sync(still_valid)([access]) == {access}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["", "unknown", "x" * 32])
def test_an_unknown_session_gives_no_access(key):
    assert session_access(key) is None


@pytest.mark.django_db(transaction=True)
def test_a_session_in_which_nobody_is_signed_in_gives_no_access():
    session = Client().session
    session["seen"] = True
    session.save()
    assert session_access(session.session_key) is None
