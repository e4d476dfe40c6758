"""A worker in this process that ends when nothing is left to do."""

import asyncio
from typing import Any

from jobs.worker.loop import Worker


async def work_off(**arguments: Any) -> None:
    worker = Worker(burst=True, handle_signals=False, **arguments)
    await asyncio.wait_for(worker.async_run(), 30)
