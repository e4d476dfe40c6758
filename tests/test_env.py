"""Wrong values of the environment refuse to boot, each with a sentence."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import env

SECRET = "x" * 50


@pytest.mark.parametrize(
    "name, given, said",
    [
        ("DATABASE_URL", "mysql://localhost/x", "expected a sqlite:/// or postgresql:// URL"),
        ("DATABASE_URL", "nonsense", "expected a sqlite:/// or postgresql:// URL"),
        ("REDIS_URL", "http://localhost", "expected a redis://, rediss:// or unix:// URL"),
        ("SECRET_KEY", "short", "expected at least 32 characters, got 5"),
        ("DEBUG", "perhaps", "expected true or false, got 'perhaps'"),
        ("PORT", "0", "expected a port number from 1 to 65535, got '0'"),
        ("PORT", "65536", "expected a port number"),
        ("PORT", "http", "expected a port number"),
        ("WORKER_PORT", "0", "expected a port number from 1 to 65535, got '0'"),
        ("LOG_LEVEL", "LOUD", "expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("LOG_FORMAT", "xml", "expected one of json, console"),
        ("CSRF_TRUSTED_ORIGINS", "example.com", "expected origins with a scheme"),
        ("EMBED_ORIGINS", "example.com", "expected origins such as https://example.com"),
        ("EMBED_ORIGINS", "https://a.example,https://*.example.com", "expected origins such as"),
        ("EMBED_ORIGINS", "https://example.com/", "expected origins such as"),
        ("EMBED_ORIGINS", "null", "expected origins such as"),
        ("EMBED_ORIGINS", "https://user@example.com", "expected origins such as"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_was_expected(name, given, said):
    with pytest.raises(ImproperlyConfigured, match=f"^{name}: {said}"):
        env.read({"SECRET_KEY": SECRET, name: given})


def test_origins_of_embeds_are_kept_as_browsers_write_them():
    given = "https://Example.com:443, http://a.example:80,http://[::1]:9000,https://b.example:8443"
    read = env.read({"SECRET_KEY": SECRET, "EMBED_ORIGINS": given})
    expected = ["https://example.com", "http://a.example", "http://[::1]:9000", "https://b.example:8443"]
    assert read.embed_origins == expected


def test_a_laptop_needs_no_variable_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(env, "STATE", tmp_path)
    read = env.read({})
    assert (read.debug, read.port, read.log_format) == (False, 8000, "json")
    assert read.database["NAME"] == str(tmp_path / "db.sqlite3")


def test_the_secret_key_of_a_laptop_is_made_once_and_kept_private(tmp_path, monkeypatch):
    monkeypatch.setattr(env, "STATE", tmp_path)
    key = env.read({}).secret_key
    assert len(key) >= 50
    assert env.read({}).secret_key == key
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


def test_former_secret_keys_are_a_list():
    given = {"SECRET_KEY": SECRET, "SECRET_KEY_FALLBACKS": "newer, older"}
    assert env.read(given).secret_key_fallbacks == ["newer", "older"]


@pytest.mark.parametrize("port", ["1", "65535"])
def test_the_outermost_ports_are_taken(port):
    assert env.read({"SECRET_KEY": SECRET, "PORT": port}).port == int(port)


def test_a_deep_folder_gets_a_socket_path_that_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(env, "STATE", tmp_path / ("deep" * 30))
    assert len(str(env.local_socket())) <= env.MAX_SOCKET_PATH


def test_a_password_in_a_url_is_not_told():
    with pytest.raises(ImproperlyConfigured) as refused:
        env.read({"SECRET_KEY": SECRET, "REDIS_URL": "htp://:hunter2@localhost"})
    assert "hunter2" not in str(refused.value)
