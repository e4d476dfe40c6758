"""Whether Redis still is the index that was last compared with the store: it may have been wiped, or replaced."""

from jobs.broker import keys
from jobs.broker.client import redis


async def is_whole() -> bool:
    """False when Redis was restarted or wiped, or another server took over, since `mark_whole`."""
    compared = await redis().get(keys.WHOLE)
    return bool(compared == (await _run_id()).encode())


async def begin_comparing() -> None:
    """Before the store is compared with Redis: should that be lost in between, it shows in the end."""
    await redis().set(keys.WHOLE, await _begun())


async def mark_whole() -> None:
    """Says that the store has been compared with Redis from end to end, if it was the same all the time."""
    if await redis().get(keys.WHOLE) == (await _begun()).encode():
        await redis().set(keys.WHOLE, await _run_id())


async def _begun() -> str:
    return f"comparing {await _run_id()}"


async def _run_id() -> str:
    """A server's name for this run of its own."""
    return str((await redis().info("server"))["run_id"])
