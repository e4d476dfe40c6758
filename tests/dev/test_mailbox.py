"""The page that shows what this machine "sent"."""

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, mailers
from django.test import Client

from project.mail import default_mailer

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.dev.urls")]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where mail is written to."""
    settings.MAILERS = {"default": default_mailer("", tmp_path / "mail")}
    # The manifest that names hashed files is made at deployment.
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    return tmp_path / "mail"


def write(subject: str, body: str = "A text.", html: str = "") -> None:
    mail = EmailMultiAlternatives(subject, body, to=["ann@example.com"])
    if html:
        mail.attach_alternative(html, "text/html")
    mail.send()


def page(client: Client, path: str = "/dev/mailbox/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_it_is_for_staff_only(client: Client, django_user_model: Any) -> None:
    write("Secret")
    assert client.get("/dev/mailbox/")["Location"] == "/login/?next=/dev/mailbox/"
    client.force_login(django_user_model.objects.create_user("ann"))
    assert client.get("/dev/mailbox/").status_code == 403


def test_the_newest_mail_comes_first_and_is_shown(admin_client: Client) -> None:
    for subject in ("First", "Second"):
        write(subject, body=f"Text of {subject}")
    shown = page(admin_client)
    assert shown.index("Second") < shown.index("First")
    assert "Text of Second" in shown
    assert "Text of First" not in shown


def test_several_mails_of_one_file_are_told_apart_even_if_one_has_the_line_between_them(
    admin_client: Client, folder: Path
) -> None:
    line = "-" * 79
    with mailers.default as mailer:
        for body in (f"above\n{line}\nbelow", "Two"):
            mailer.send_messages([EmailMessage("Hi", body, to=["ann@example.com"])])
    (file,) = folder.iterdir()
    first = page(admin_client, f"/dev/mailbox/{file.stem}/0/")
    assert "above" in first
    assert "below" in first
    assert "Two" in page(admin_client, f"/dev/mailbox/{file.stem}/1/")
    assert admin_client.get(f"/dev/mailbox/{file.stem}/2/").status_code == 404


def test_text_is_escaped_and_html_stays_in_a_frame_that_can_run_nothing(admin_client: Client) -> None:
    write(
        "Hi <script>alert(1)</script>",
        body="<script>alert(2)</script>",
        html="<script>alert(3)</script><b>Hi</b>",
    )
    response = admin_client.get("/dev/mailbox/")
    assert b"<script" not in response.content
    assert b"sandbox" in response.content
    source = response.content.decode().partition('<iframe src="')[2].partition('"')[0]
    framed = admin_client.get(source)
    assert b"<b>Hi</b>" in framed.content
    policy = framed["Content-Security-Policy"]
    assert "sandbox" in policy.split("; ")
    assert "default-src 'none'" in policy
    assert framed["X-Frame-Options"] == "SAMEORIGIN"


def test_all_headers_are_there(admin_client: Client) -> None:
    write("Grüße")
    shown = page(admin_client)
    for header in ("Message-ID", "Subject", "Grüße", "ann@example.com"):
        assert header in shown


@pytest.mark.parametrize("path", ["nothing/0/", "nothing/0/html", "..%2F..%2Fetc%2Fpasswd/0/", "a.b/0/"])
def test_a_mail_that_is_not_there_is_not_found(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"/dev/mailbox/{path}").status_code == 404


def test_without_mail_it_says_how_to_send_some(admin_client: Client) -> None:
    assert "Run the task email.send" in page(admin_client).replace("<code>", "").replace("</code>", "")


def test_with_a_mail_server_it_says_that_mail_leaves_this_machine(
    admin_client: Client, settings: Any
) -> None:
    settings.MAILERS = {"default": default_mailer("smtp://localhost", Path("unused"))}
    assert "Mail leaves this machine" in page(admin_client)


def test_it_has_no_inline_script_or_style(admin_client: Client) -> None:
    write("Hi", html="<p style='color:red'>Hi</p>")
    shown = page(admin_client)
    assert "<script" not in shown
    assert "style=" not in shown
    assert "<style" not in shown
