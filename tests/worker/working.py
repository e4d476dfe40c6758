"""A worker in this process that ends when nothing is left to do, and what it leaves."""

import asyncio
from typing import Any

from jobs.models import Event, Job
from jobs.worker.loop import Worker


async def work_off(**arguments: Any) -> None:
    worker = Worker(burst=True, handle_signals=False, **arguments)
    await asyncio.wait_for(worker.async_run(), 30)


async def end_of(task: Any, *args: Any) -> Job:
    result = await task.aenqueue(*args)
    await work_off()
    return await Job.objects.aget(id=result.id)


async def told(job: Job) -> list[Any]:
    """What its events say, in order: statuses, chunks as (attempt, index, value), lines."""
    events = [event async for event in job.events.order_by("seq")]
    assert [event.seq for event in events] == list(range(1, job.seq + 1)), "numbered without gaps"
    return [_short(event) for event in events]


def _short(event: Event) -> Any:
    data = event.data
    match event.kind:
        case "chunk":
            return data["attempt"], data["index"], data["value"]
        case "log":
            return data["text"]
    return data["status"]
