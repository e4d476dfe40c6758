"""The one method by which finished jobs are counted: the peer's own store says whether any is left."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

import redis

from benchmarks.contender import Contender
from benchmarks.servers import Servers


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
    if contender.left_in_sql:
        with closing(servers.store(contender).connect()) as connection:
            yield OfSql(contender.left_in_sql, connection)
    else:
        with redis.Redis.from_url(servers.valkey_url, db=contender.redis_database) as client:
            yield OfRedis(contender, client)
