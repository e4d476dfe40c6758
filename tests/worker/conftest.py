"""What several files need: a stock arq client."""

from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool

from jobs.broker.envelope import dumps, loads
from jobs.conf import options


@pytest.fixture
async def stock() -> AsyncIterator[ArqRedis]:
    """As arq makes it, with JSON in the place of pickle."""
    pool = BlockingConnectionPool.from_url(options().redis_url)
    async with ArqRedis(pool, job_serializer=dumps, job_deserializer=loads) as client:
        yield client
    await pool.disconnect()
