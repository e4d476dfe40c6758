"""The environment's settings for what lies outside: the mail server, and hosts that `sync.pull` may reach."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import env


def read(**environ: str) -> env.Environment:
    return env.read({"SECRET_KEY": "x" * 50, **environ})


@pytest.mark.parametrize("url", ["", "smtp://localhost", "smtps://ann:x@mail.example:465?from=a@example.com"])
def test_a_mail_server_is_an_smtp_url_or_none(url: str) -> None:
    assert read(EMAIL_URL=url).email_url == url


@pytest.mark.parametrize(
    "url", ["mail.example", "https://mail.example", "smtp://", "smtp://x:port", "smtp://x:99999"]
)
def test_a_wrong_mail_server_refuses_to_boot(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL: "):
        read(EMAIL_URL=url)


def test_allowed_hosts_have_ports() -> None:
    assert read(SYNC_ALLOWED_HOSTS="Api.Internal:8080, [::1]:8000").sync_allowed_hosts == [
        "api.internal:8080",
        "[::1]:8000",
    ]


@pytest.mark.parametrize("hosts", ["api.internal", "http://api.internal:80", ":80", "api.internal:http"])
def test_an_allowed_host_without_its_port_refuses_to_boot(hosts: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SYNC_ALLOWED_HOSTS: expected hosts with their port"):
        read(SYNC_ALLOWED_HOSTS=hosts)


def test_only_a_developer_may_pull_from_their_own_machine() -> None:
    assert read(DEBUG="false").sync_allowed_hosts == []
    assert read(DEBUG="true", PORT="8765").sync_allowed_hosts == ["127.0.0.1:8765", "localhost:8765"]
