"""The environment, read here and nowhere else. A wrong value refuses to boot with a sentence."""

import contextlib
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
#: All local state: database, Valkey, files, mail. Git ignores it.
STATE = ROOT / "var"
#: A unix socket's path must fit into 104 bytes on some systems.
MAX_SOCKET_PATH = 103

#: Of one process to PostgreSQL. A worker has 20 slots by default, threads that overran, and three of its own.
MAX_CONNECTIONS = 40
#: PostgreSQL's machine or the way to it is gone without a word: who waits for it is told so after about 30 s (seconds,
#: tcp_user_timeout in ms). The engine's own statements have a shorter limit, see project/postgres.py.
LOST_SERVER = {
    # Without it psycopg tries for two minutes, and with it the pool's few threads, although the server is back.
    "connect_timeout": 3,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    database: dict[str, Any]
    redis_url: str
    secret_key: str
    #: Former keys, the newest first.
    secret_key_fallbacks: list[str]
    debug: bool
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    #: Sites whose pages may show a job.
    embed_origins: list[str]
    #: Of the web server, 1..65535.
    port: int
    #: Where a worker answers `GET /livez`; None: nowhere.
    worker_port: int | None
    log_level: str
    #: "json" or "console".
    log_format: str
    #: Where uploaded and made files lie.
    media_root: Path
    #: smtp://user:password@host:port or smtps://…; empty: mail is written to files in the state folder.
    email_url: str
    #: Hosts ("host:port") that sync.pull may reach although they are not public or not https.
    sync_allowed_hosts: list[str]
    #: The same for webhooks.
    webhook_allowed_hosts: list[str]

    @property
    def serves_https(self) -> bool:
        """Whether browsers come over TLS: one of the origins that are trusted says so."""
        return any(origin.startswith("https://") for origin in self.csrf_trusted_origins)


def read(environ: "os._Environ[str] | dict[str, str]" = os.environ) -> Environment:
    """The settings that deployments change. Raises ImproperlyConfigured for the first wrong one."""
    debug = _read(environ, "DEBUG", "false", _boolean)
    port = _read(environ, "PORT", "8000", _port)
    # A developer's sync.pull may reach the sample API next to it, and a webhook a page of the same server.
    own_hosts = f"127.0.0.1:{port},localhost:{port}" if debug else ""
    return Environment(
        database=_read(environ, "DATABASE_URL", f"sqlite:///{STATE / 'db.sqlite3'}", _database),
        redis_url=_read(environ, "REDIS_URL", f"unix://{local_socket()}", _redis_url),
        secret_key=_read(environ, "SECRET_KEY", "", _secret_key),
        secret_key_fallbacks=_read(environ, "SECRET_KEY_FALLBACKS", "", _list),
        debug=debug,
        allowed_hosts=_read(environ, "ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", _list),
        csrf_trusted_origins=_read(environ, "CSRF_TRUSTED_ORIGINS", "", _origins),
        embed_origins=_read(environ, "EMBED_ORIGINS", "", _exact_origins),
        port=port,
        worker_port=_read(environ, "WORKER_PORT", "", lambda given: _port(given) if given else None),
        log_level=_read(environ, "LOG_LEVEL", "INFO", _one_of(*LOG_LEVELS)),
        log_format=_read(environ, "LOG_FORMAT", "console" if debug else "json", _one_of("json", "console")),
        media_root=_read(environ, "MEDIA_ROOT", str(STATE / "media"), Path),
        email_url=_read(environ, "EMAIL_URL", "", _email_url),
        sync_allowed_hosts=_read(environ, "SYNC_ALLOWED_HOSTS", own_hosts, _authorities),
        webhook_allowed_hosts=_read(environ, "WEBHOOK_ALLOWED_HOSTS", own_hosts, _authorities),
    )


def local_socket() -> Path:
    """Where the embedded Valkey listens; outside the state folder when that lies too deep for a socket,
    or has a character that a URL would quote, as not every client undoes that."""
    inside = STATE / "valkey" / "valkey.sock"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH and re.fullmatch(r"[\w./~-]+", str(inside), re.ASCII):
        return inside
    name = hashlib.sha256(os.fsencode(STATE)).hexdigest()[:12]
    return Path("/tmp") / f"handoff-{os.getuid()}-{name}" / "valkey.sock"  # noqa: S108  TMPDIR may be long


def _read[T](
    environ: "os._Environ[str] | dict[str, str]", name: str, default: str, parse: Callable[[str], T]
) -> T:
    given = environ.get(name, default)
    try:
        return parse(given)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def _boolean(given: str) -> bool:
    if given.lower() in {"true", "1", "yes", "on"}:
        return True
    if given.lower() in {"false", "0", "no", "off", ""}:
        return False
    raise ValueError(f"expected true or false, got {given!r}.")


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(given: str) -> str:
        for choice in choices:
            if given.lower() == choice.lower():
                return choice
        raise ValueError(f"expected one of {', '.join(choices)}, got {given!r}.")

    return parse


def _port(given: str) -> int:
    if given.isdecimal() and 1 <= int(given) <= 65535:
        return int(given)
    raise ValueError(f"expected a port number from 1 to 65535, got {given!r}.")


def _list(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]


def _origins(given: str) -> list[str]:
    origins = _list(given)
    for origin in origins:
        if "://" not in origin:
            raise ValueError(f"expected origins with a scheme such as https://example.com, got {origin!r}.")
    return origins


def _exact_origins(given: str) -> list[str]:
    """As browsers write them: in lower case, without the scheme's own port."""
    origins = [origin.lower() for origin in _list(given)]
    for origin in origins:
        if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?", origin):
            raise ValueError(
                f"expected origins such as https://example.com, nothing after them, got {origin!r}."
            )
    return [re.sub(r"^(http:.*):80$|^(https:.*):443$", r"\1\2", origin) for origin in origins]


def _database(given: str) -> dict[str, Any]:
    scheme = given.partition(":")[0]
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ValueError(f"expected a sqlite:/// or postgresql:// URL, got one that starts with {scheme!r}.")
    database: dict[str, Any] = dict(dj_database_url.parse(given))
    return _postgresql(database) if scheme != "sqlite" else _sqlite(database)


def _sqlite(database: dict[str, Any]) -> dict[str, Any]:
    """WAL lets readers and one writer work at once; IMMEDIATE makes a writer wait instead of failing."""
    return database | {
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    }


def _postgresql(database: dict[str, Any]) -> dict[str, Any]:
    from project import postgres  # who runs on SQLite needs none of it

    return database | {
        "CONN_MAX_AGE": 0,  # the pool keeps them
        # After a restart of the server each connection is tried before it is lent.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **LOST_SERVER,
            **database.get("OPTIONS", {}),
            # It gives up on a server that is away after 2 s and asks anew at the next use: its own pauses would
            # keep a server that is back out of use for longer.
            "pool": {
                "min_size": 1,
                "max_size": MAX_CONNECTIONS,
                "timeout": 4,
                "reconnect_timeout": 2,
                "connection_class": postgres.Connection,
                "check": postgres.check,
            },
        },
    }


def _redis_url(given: str) -> str:
    if urlsplit(given).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(
            f"expected a redis://, rediss:// or unix:// URL, got one that starts with {given[:8]!r}."
        )
    return given


def _authorities(given: str) -> list[str]:
    places = [place.lower() for place in _list(given)]
    for place in places:
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal() or "/" in host:
            raise ValueError(f"expected hosts with their port, such as api.internal:8080, got {place!r}.")
    return places


def _email_url(given: str) -> str:
    server = urlsplit(given)
    if given and (server.scheme not in {"smtp", "smtps"} or not server.hostname or server.port == 0):
        raise ValueError(
            "expected an smtp:// or smtps:// URL, such as smtp://user:password@mail.example.com:587."
        )
    return given


def _secret_key(given: str) -> str:
    """Without one, a random key is made once and kept in the state folder, for processes that share it."""
    if given and len(given) < 32:
        raise ValueError(f"expected at least 32 characters, got {len(given)}.")
    return given or _kept_secret(STATE / "secret-key")


def _kept_secret(path: Path) -> str:
    try:
        path.parent.mkdir(exist_ok=True)
        # Under a name of its own until it is whole, as another process may be reading or making it.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as new:
            new.write(secrets.token_urlsafe(48))
            new.flush()
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(new.name)
        return path.read_text()
    except OSError as error:
        raise ValueError(
            f"not set, and none can be kept in {path.parent} ({error}); set a random text of 50 characters."
        ) from error
