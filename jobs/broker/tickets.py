"""What is kept for seconds until somebody brings the ticket to it; once, as taking it away is one command."""

from datetime import timedelta

from jobs.broker import keys
from jobs.broker.client import redis


async def keep(digest: str, held: str, ttl: timedelta) -> None:
    """Under the ticket's hash, so that who reads Redis can't bring the ticket."""
    await redis().set(keys.ticket(digest), held, px=ttl)


async def take(digest: str) -> str | None:
    """None when it was taken before, or too long ago was kept."""
    held: bytes | None = await redis().getdel(keys.ticket(digest))
    return None if held is None else held.decode()
