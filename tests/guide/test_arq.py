"""What docs/arq.md shows is run as it stands there."""

import asyncio
import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from arq.jobs import JobStatus

from jobs.conf import options
from jobs.models import Job
from jobs.worker.loop import Worker
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = (Path(__file__).parents[2] / "docs" / "arq.md").read_text()


def example() -> str:
    """The page's program as a function, with a server and a task that there are."""
    [source] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    enqueueing, _, _ = source.partition("await job.status()")
    for theirs, ours in (
        ("redis://localhost:6379", options().redis_url),
        ('"shop.pack", 7, ["tea", "cups"]', f'"{add.module_path}", 1, 4'),
    ):
        assert theirs in enqueueing
        enqueueing = enqueueing.replace(theirs, ours)
    return f"async def call():\n{indent(enqueueing, '    ')}    return pool, job\n"


async def test_the_example_s_call_becomes_a_job_and_its_result_is_read():
    names: dict[str, Any] = {}
    exec(example(), names)
    pool, job = await names["call"]()
    await asyncio.wait_for(Worker(burst=True, handle_signals=False).async_run(), 30)
    assert (await job.status(), await job.result(timeout=1)) == (JobStatus.complete, 5)
    assert (await Job.objects.aget()).arq_id == job.job_id
    await pool.aclose()
