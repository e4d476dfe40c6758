"""Our tasks for arq's own, unchanged worker: `arq worker.WorkerSettings`.

That worker claims one job at a time and polls; each of its jobs goes through the same engine as ours, so that rows,
events and results come out the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from arq.cron import CronJob
from arq.worker import Function, Retry, func
from django.utils.module_loading import import_string

from jobs.broker import leases
from jobs.conf import options
from jobs.task import Task, all_tasks
from jobs.worker.engine import Engine

#: arq counts tries by itself and gives up after these; the row's attempts decide, so it must never.
UNLIMITED = 1_000_000
#: Our own time limit ends an attempt, and records that; arq's comes after it.
MARGIN_SECONDS = 60


def functions() -> list[Function]:
    """Every task as an arq function of the same name, and the plain ones of OPTIONS."""
    return [
        *(func(import_string(path)) for path in options().functions),
        *(_as_function(task) for task in all_tasks()),
    ]


def _as_function(task: Task) -> Function:
    return Function(
        name=task.module_path,
        coroutine=_run,
        timeout_s=(task.timeout or options().timeout).total_seconds() + MARGIN_SECONDS,
        keep_result_s=0,
        keep_result_forever=False,
        max_tries=UNLIMITED,
    )


def plain(functions: Mapping[str, Function | CronJob]) -> dict[str, Function]:
    """Those that are no tasks. Cron jobs are left out: they are schedules, which arq's own worker runs."""
    return {
        name: function
        for name, function in functions.items()
        if isinstance(function, Function) and function.coroutine is not _run
    }


async def on_startup(ctx: dict[str, Any]) -> None:
    ctx["engine"] = await Engine(options().slots).__aenter__()


async def on_shutdown(ctx: dict[str, Any]) -> None:
    await ctx["engine"].__aexit__(None, None, None)


async def _run(ctx: dict[str, Any], *_args: Any, **_kwargs: Any) -> None:
    """Runs the claimed job; the arguments come from its row."""
    engine: Engine = ctx["engine"]
    lease = await leases.take_over(ctx["job_id"], engine.worker_id)
    for attempt in await engine.start([lease]):
        assert attempt.running is not None
        try:
            await asyncio.shield(attempt.running)
        except asyncio.CancelledError:
            await engine.hand_back(attempt)
            raise
        if attempt.will_run_again:
            # Redis has been told when. This makes arq leave the job in the queue as it is.
            raise Retry
