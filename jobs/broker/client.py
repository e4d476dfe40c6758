"""Connections to Redis: one pool for each event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import hiredis
from arq.connections import ArqRedis
from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as SyncRetry

from jobs.broker.envelope import dumps, loads
from jobs.conf import options
from jobs.per_loop import PerLoop

#: A peer that says nothing for so long is taken for dead. Blocking reads wait less than this.
SOCKET_TIMEOUT_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 2.0
MAX_CONNECTIONS = 20

#: What a call to Redis may raise when Redis is away, full or read-only.
BROKER_ERRORS = (RedisError, OSError, asyncio.TimeoutError)

#: See for_one_call().
_own: ContextVar[ArqRedis | None] = ContextVar("own", default=None)


def redis() -> ArqRedis:
    """The running loop's client."""
    return _own.get() or _clients()


def connect(**changes: Any) -> ArqRedis:
    """A new client of the configured server; nothing is sent before its first command."""
    pool = BlockingConnectionPool.from_url(
        options().redis_url,
        **{
            "max_connections": MAX_CONNECTIONS,
            "timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "retry": Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), 1),
            **changes,
        },
    )
    pool.connection_class = _packing(pool.connection_class)  # type: ignore[arg-type]
    return ArqRedis(pool_or_conn=pool, job_serializer=dumps, job_deserializer=loads)


_clients = PerLoop(connect)


@cache
def _packing(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    """The same kind of connection, but commands are packed in C: redis-py 5 does that in Python, argument by argument,
    which was a fifth of what a short job cost. And what it raises is one of BROKER_ERRORS."""

    class Packing(connection):  # type: ignore[misc, valid-type]
        def pack_command(self, *args: Any) -> list[bytes]:
            # A command of two words comes as one argument.
            return [hiredis.pack_command((*args[0].split(), *args[1:]))]

        async def _send_packed_command(self, command: Iterable[bytes]) -> None:
            try:
                await super()._send_packed_command(command)
            except RuntimeError as error:
                # So uvloop says that the transport has just been closed; asyncio's own loop raises OSError.
                raise ConnectionResetError(str(error)) from error

    return Packing


def connect_sync(seconds: float) -> SyncRedis:
    """A new client for a thread; a command, connecting included, fails after about twice as many seconds."""
    return SyncRedis.from_url(
        options().redis_url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=SyncRetry(NoBackoff(), 0),
    )


@asynccontextmanager
async def for_one_call() -> AsyncIterator[None]:
    """For a call from sync code, whose loop may end with it: where no client is open, `redis()` answers one that is
    closed at the end. It is the call's own, as others in the loop would be in the middle of something."""
    if is_open():
        yield
        return
    client = connect()
    before = _own.set(client)
    try:
        yield
    finally:
        _own.reset(before)
        await client.aclose(close_connection_pool=True)


async def close() -> None:
    """Closes the running loop's client."""
    if client := _clients.forget():
        await client.aclose(close_connection_pool=True)


def is_open() -> bool:
    """Whether the running loop has a client."""
    return _clients.is_there
