"""What is watched."""

import asyncio
from collections.abc import AsyncGenerator

from django.tasks import task

from jobs import JobContext


@task(takes_context=True, expose=True)
async def talk(context: JobContext, steps: int, seconds: float, padding: int = 500) -> AsyncGenerator[str]:
    """Reports progress, logs and streams at each of its steps, and lasts so long in all.

    What it streams is so long that it fills the network's buffers while a client does not read.
    """
    for step in range(steps):
        context.progress(step / steps, f"{step} of {steps}")
        context.log.info("step %d", step)
        yield str(step).ljust(padding, ".")
        await asyncio.sleep(seconds / steps)
