"""The one method by which finished jobs are counted: the peer's own store says whether any is left."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

import redis

from benchmarks.contender import Contender
from benchmarks.servers import Servers, database_name


class Question(Protocol):
    #: Jobs that were enqueued in all, for a store that counts only what has ended.
    enqueued: int

    def any_left(self) -> bool: ...


class OfRedis:
    def __init__(self, contender: Contender, client: redis.Redis) -> None:
        self.enqueued = 0
        self._contender = contender
        self._redis: Any = client

    def any_left(self) -> bool:
        if self._contender.ended_in_redis:
            return self._number(self._contender.ended_in_redis) < self.enqueued
        return any(self._number(command) for command in self._contender.left_in_redis)

    def _number(self, command: tuple[str, ...]) -> int:
        return int(self._redis.execute_command(*command))


class OfSql:
    def __init__(self, statement: str, connection: Any) -> None:
        self.enqueued = 0
        self._statement = statement
        self._connection = connection

    def any_left(self) -> bool:
        row = self._connection.execute(self._statement).fetchone()
        return bool(row[0])


@contextmanager
def question(contender: Contender, servers: Servers) -> Iterator[Question]:
    if not contender.left_in_sql:
        with redis.Redis.from_url(servers.valkey_url, db=contender.redis_database) as client:
            yield OfRedis(contender, client)
    elif contender.database == "sqlite":
        # Without a transaction of its own, so that each question sees what is there now.
        with closing(sqlite3.connect(servers.sqlite, isolation_level=None, timeout=20)) as connection:
            yield OfSql(contender.left_in_sql, connection)
    else:
        with servers.connect(database_name(contender)) as connection:
            yield OfSql(contender.left_in_sql, connection)
