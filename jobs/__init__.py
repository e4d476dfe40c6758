"""Handoff: hand slow work to a background worker, and watch it live.

What a task's author needs, next to Django's own `django.tasks.task`.
"""

from typing import TYPE_CHECKING, Any

from jobs.errors import Cancel, InvalidInput, JobError, Retry, Snooze, SoftTimeout

if TYPE_CHECKING:
    from jobs.arguments import Accept, Upload
    from jobs.worker.context import JobContext

__all__ = [
    "Accept",
    "Cancel",
    "InvalidInput",
    "JobContext",
    "JobError",
    "Retry",
    "Snooze",
    "SoftTimeout",
    "Upload",
]

_LAZY = {"Accept": "jobs.arguments", "Upload": "jobs.arguments", "JobContext": "jobs.worker.context"}


def __getattr__(name: str) -> Any:
    """Django imports this module before its settings and apps are ready; what needs them comes on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
