"""EMAIL_URL, and what Django's mailer is told by it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import mailers
from django.core.mail.backends.filebased import EmailBackend as Files
from django.core.mail.backends.smtp import EmailBackend as Smtp

from project.mail import default_mailer, default_sender


@pytest.mark.parametrize(
    "url, expected",
    [
        ("smtp://localhost", ("localhost", 25, "", "", False, False)),
        ("smtp://relay.example:2525", ("relay.example", 2525, "", "", False, False)),
        ("smtp://ann:p%40ss@mail.example", ("mail.example", 587, "ann", "p@ss", False, True)),
        ("smtp://mail.example:587", ("mail.example", 587, "", "", False, True)),
        ("smtps://ann:x@mail.example", ("mail.example", 465, "ann", "x", True, False)),
    ],
)
def test_a_url_names_the_server_and_passwords_never_go_in_the_clear(
    settings: Any, url: str, expected: tuple[object, ...]
) -> None:
    settings.MAILERS = {"default": default_mailer(url, Path("unused"))}
    mailer = mailers.default
    assert isinstance(mailer, Smtp)
    assert (
        mailer.host,
        mailer.port,
        mailer.username,
        mailer.password,
        mailer.use_ssl,
        mailer.use_tls,
    ) == expected
    assert mailer.timeout == 15


def test_without_a_url_mail_is_written_to_files(settings: Any, tmp_path: Path) -> None:
    settings.MAILERS = {"default": default_mailer("", tmp_path)}
    assert isinstance(mailers.default, Files)


def test_the_url_names_the_sender() -> None:
    assert default_sender("smtp://mail.example?from=Desk+%3Cdesk@example.com%3E") == "Desk <desk@example.com>"
    assert default_sender("") == "handoff@localhost"
