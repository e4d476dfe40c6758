from django.tasks import task


@task(expose="bench.add")  # type: ignore[call-overload, untyped-decorator]  # the stubs know Django's own options
async def add(a: int, b: int = 2) -> int:
    """Adds two numbers."""
    return a + b
