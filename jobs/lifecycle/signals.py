"""django.tasks' signals, sent only when somebody listens.

Django itself connects a receiver that logs. It costs a TaskResult and a hop to a thread, for every job, even when its
logger is turned down: most of what a short job costs.
"""

import logging
from typing import Any

from django.dispatch import Signal
from django.tasks import task_backends

from jobs.errors import UnknownTask
from jobs.models.row import JobRow
from jobs.result import task_result

_django = logging.getLogger("django.tasks")


def are_heard(signal: Signal) -> bool:
    """Whether anybody but Django's own turned-down log listens."""
    return len(signal.receivers) > 1 or _django.isEnabledFor(logging.INFO)


async def tell(signal: Signal, job: JobRow) -> None:
    """Sends the signal; a receiver's error is logged by Django and does not reach the job."""
    try:
        result: Any = task_result(job)
    except UnknownTask:
        return
    await signal.asend_robust(type(task_backends[job.backend]), task_result=result)
