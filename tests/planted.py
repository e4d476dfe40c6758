"""Secrets that a test plants, and the places in which it looks for them afterwards."""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from django.db import connection
from structlog.stdlib import ProcessorFormatter


@dataclass(frozen=True)
class Secret:
    #: As it is planted. Of letters and digits alone, so that it looks the same however it is encoded.
    text: str
    #: Where it has to be, or may be shown to whom it belongs to.
    allowed: frozenset[str] = frozenset()


@dataclass
class Places:
    """What was written anywhere, by the name of the place."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, text: str) -> None:
        self.texts.setdefault(place, []).append(text)

    def leaks(self, secrets: Mapping[str, Secret]) -> list[str]:
        """A sentence for each secret that is where it should not be."""
        return [
            f"{name} is in {place}"
            for place, texts in self.texts.items()
            for name, secret in secrets.items()
            if place not in secret.allowed and any(secret.text in text for text in texts)
        ]

    def look_into_sql(self) -> None:
        """Every column of every row of every table."""
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                self.add(f"table {table}", "\n".join(map(str, cursor.fetchall())))

    def look_into_redis(self, client: redis.Redis) -> None:
        for value in all_that_redis_holds(client):
            self.add("Redis", value.decode(errors="replace"))

    def look_into_answer(self, whose: str, answer: Any) -> None:
        """What a browser or program of that user got, and every address in it."""
        headers = "\n".join(
            f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie"
        )
        self.add(f"what {whose} gets", f"{headers}\n{answer.text}")
        for address in re.findall(r"(?:https?:/)?/[^\s\"'<>\\]+", f"{headers}\n{answer.text}"):
            self.add("URLs", address)


def all_that_redis_holds(client: Any) -> Iterator[bytes]:
    """Keys and values. Not by DUMP, which compresses."""
    for key in client.scan_iter("*"):
        yield key
        match client.type(key):
            case b"string":
                yield client.get(key)
            case b"list":
                yield from client.lrange(key, 0, -1)
            case b"zset":
                yield from client.zrange(key, 0, -1)
            case b"set":
                yield from client.smembers(key)
            case b"hash":
                for name, value in client.hgetall(key).items():
                    yield name
                    yield value
            case other:
                pytest.fail(f"{key!r} is a {other!r}, which nobody looks into")


@contextmanager
def logs_at_debug(places: Places) -> Iterator[None]:
    """What a deployment writes with LOG_LEVEL=DEBUG, tracebacks and extras too."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter())
    loggers = [logging.getLogger(name) for name in (None, "django")]
    before = [logger.level for logger in loggers]
    logging.getLogger().addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        places.add("the log", stream.getvalue())


def _formatter() -> logging.Formatter:
    """That of the settings; pytest has handlers of its own beside it."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    return next(each for each in formatters if isinstance(each, ProcessorFormatter))
