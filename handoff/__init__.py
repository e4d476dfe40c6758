"""Handoff for programs: `handoff.events(job_id)` in a process that runs Django."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.live.stream import events

__all__ = ["events"]

_LAZY = {"events": "jobs.live.stream"}


def __getattr__(name: str) -> Any:
    """What needs Django's apps comes on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
