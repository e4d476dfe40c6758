import asyncio

from django.tasks import task

from jobs import JobContext


@task(expose="bench.add")  # type: ignore[call-overload, untyped-decorator]  # the stubs know Django's own options
async def add(a: int, b: int = 2) -> int:
    """Adds two numbers."""
    return a + b


@task(expose="bench.report", takes_context=True)  # type: ignore[call-overload, untyped-decorator]  # as above
async def report(context: JobContext, times: int, pause: float) -> None:
    """Reports its progress so many times."""
    for number in range(times):
        context.progress(number / times, str(number))
        await asyncio.sleep(pause)
