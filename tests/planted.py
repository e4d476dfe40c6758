"""The secrets of a test run. Each has a mark in it, by which tests/leaks.py knows it wherever it turns up.

Tests show and enter them where somebody would show and enter theirs. What the program itself makes at random, such as
an API token, is made with its mark.
"""

import base64
import secrets
from enum import StrEnum, auto
from types import SimpleNamespace
from typing import Any
from unittest import mock

#: Letters and digits alone, so that it looks the same however it is quoted or encoded.
MARK = "0planted"


class Secret(StrEnum):
    """Each is its own text, such as "0plantedapitoken0"."""

    @staticmethod
    def _generate_next_value_(name: str, *_: Any) -> str:
        return f"{MARK}{name.lower().replace('_', '')}0"

    # Of the deployment

    SECRET_KEY = auto()
    DATABASE_PASSWORD = auto()
    REDIS_PASSWORD = auto()
    #: In a URL in a setting of somebody's own.
    BILLING_PASSWORD = auto()

    # Made by the program, see `mark_what_is_made`

    API_TOKEN = auto()
    #: Signed, and so without a mark; but each begins like this, as what is signed is a list.
    JOB_TOKEN = "handoffjob_WyI"
    TICKET = auto()
    SESSION = auto()
    SIGNING_SECRET = auto()

    # Shown by those who ask

    PASSWORD = auto()
    WRONG_PASSWORD = auto()
    UNKNOWN_TOKEN = auto()
    BASIC_CREDENTIALS = auto()
    HEADER = auto()
    COOKIE = auto()
    CSRF_TOKEN = auto()
    IDEMPOTENCY_KEY = auto()
    KEY_IN_A_QUERY = auto()
    KEY_OF_A_WEBHOOK = auto()
    UPLOAD_NAME = auto()
    UPLOAD_CONTENT = auto()

    # Given to tasks, in parameters that these redact

    ARGUMENT = auto()
    #: A number.
    PIN = "7070707070707"
    EDITED_ARGUMENT = auto()
    REFUSED_ARGUMENT = auto()
    ARGUMENT_IN_AN_ERROR = auto()
    ARGUMENT_IN_ITS_CAUSE = auto()
    ARGUMENT_IN_A_LOG_LINE = auto()
    ARGUMENT_OF_A_CHILD = auto()

    def of_length(self, length: int) -> str:
        """Itself, filled up where a secret has to be that long."""
        return self.value.ljust(length, "0")


#: Sent with most requests, though nobody has asked for them.
UNASKED = {"X-Api-Key": Secret.HEADER.value}
UNASKED_COOKIES = {"other": Secret.COOKIE.value}
#: One of these is in every secret.
MARKS = (MARK, Secret.JOB_TOKEN, Secret.PIN)
#: What its owner may read again.
READABLE = {Secret.KEY_OF_A_WEBHOOK, Secret.UPLOAD_NAME, Secret.UPLOAD_CONTENT}


def mark_what_is_made() -> None:
    """From here on, what this process makes at random to be kept secret begins with its mark."""
    from django.contrib.sessions.backends.base import SessionBase

    def session_key(session: SessionBase) -> str:
        return f"{Secret.SESSION}{random_key(session)[len(Secret.SESSION) :]}"

    random_key = SessionBase._get_new_session_key  # type: ignore[attr-defined]
    for place, made in {
        "django.contrib.sessions.backends.base.SessionBase._get_new_session_key": session_key,
        "jobs.models.token.secrets": _urlsafe(Secret.API_TOKEN),
        "jobs.access.ticket.secrets": _urlsafe(Secret.TICKET),
        "jobs.models.webhook.secrets": SimpleNamespace(token_bytes=_signing_secret),
    }.items():
        mock.patch(place, made).start()


def _urlsafe(secret: Secret) -> SimpleNamespace:
    """Stands for the module `secrets`."""
    return SimpleNamespace(token_urlsafe=lambda size: secret + secrets.token_urlsafe(size)[len(secret) :])


def _signing_secret(size: int) -> bytes:
    """Shown as base64, it begins with its mark."""
    begin = base64.b64decode(Secret.SIGNING_SECRET.of_length(24))
    return begin + secrets.token_bytes(size - len(begin))
