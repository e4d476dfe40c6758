"""Which workers live: each says so with its heartbeats, and is forgotten when it falls silent."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from redis import Redis as SyncRedis

from jobs.broker import keys
from jobs.broker.client import BROKER_ERRORS, redis
from jobs.broker.leases import LEASE
from jobs.broker.scripts import Script
from jobs.rules.milliseconds import in_ms

#: A worker that has been silent for so long is no longer listed; its leases have run out as well.
ALIVE_MS = in_ms(LEASE)

#: A worker that ends waits no longer for Redis.
LEAVE_SECONDS = 1.0

_register = Script("register")


@dataclass(frozen=True, slots=True)
class Alive:
    """A worker that has been heard of within the length of a lease."""

    worker_id: str
    last_seen_at: datetime
    #: What it said of itself.
    facts: dict[str, Any]


def register(client: SyncRedis, worker_id: str, facts: dict[str, Any]) -> None:
    """Says that the worker lives, and what it does."""
    _register.sync(
        client, [keys.WORKERS, keys.worker(worker_id)], [worker_id, msgspec.json.encode(facts), ALIVE_MS]
    )


async def leave(worker_id: str) -> None:
    """Says that the worker has ended; if Redis is away, it will find out by the silence."""
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(LEAVE_SECONDS):
            await redis().zrem(keys.WORKERS, worker_id)


async def alive() -> list[Alive]:
    """The workers that live, by their ids."""
    seen = sorted(await redis().zrange(keys.WORKERS, 0, -1, withscores=True))
    told = await redis().mget([keys.worker(id_.decode()) for id_, _ in seen]) if seen else []
    return [
        Alive(id_.decode(), datetime.fromtimestamp(seen_ms / 1000, UTC), msgspec.json.decode(facts))
        for (id_, seen_ms), facts in zip(seen, told, strict=True)
        if facts is not None
    ]
