"""Where mail goes: the value of EMAIL_URL as Django's MAILERS has it."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

#: For each answer of the mail server.
TIMEOUT_SECONDS = 15


def default_mailer(url: str, folder: Path) -> dict[str, Any]:
    """MAILERS["default"]: the SMTP server that `url` names, or files in `folder` if it names none.

    smtps:// is TLS from the start (port 465). smtp:// is plain on port 25, but with a password or on port 587 it has
    to become TLS (STARTTLS) first: passwords are never sent in the clear.
    """
    if not url:
        return {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(folder)},
        }
    server = urlsplit(url)
    implicit = server.scheme == "smtps"
    starttls = not implicit and (bool(server.password) or server.port == 587)
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": server.hostname or "localhost",
            "port": server.port or (465 if implicit else 587 if starttls else 25),
            "username": unquote(server.username or ""),
            "password": unquote(server.password or ""),
            "use_ssl": implicit,
            "use_tls": starttls,
            "timeout": TIMEOUT_SECONDS,
        },
    }


def default_sender(url: str) -> str:
    """DEFAULT_FROM_EMAIL: `?from=` of the URL."""
    return parse_qs(urlsplit(url).query).get("from", ["handoff@localhost"])[0]
