"""What is watched."""

import asyncio
from collections.abc import AsyncGenerator

from django.tasks import task

from jobs import JobContext

#: Beside its number, so that what a sleeping client has not read fills the network's buffers.
PADDING = "." * 500


@task(takes_context=True, expose=True)
async def talk(context: JobContext, steps: int, seconds: float) -> AsyncGenerator[str]:
    """Reports progress, logs and streams at each of its steps, and lasts so long in all."""
    for step in range(steps):
        context.progress(step / steps, f"{step} of {steps}")
        context.log.info("step %d", step)
        yield f"{step}{PADDING}"
        await asyncio.sleep(seconds / steps)
