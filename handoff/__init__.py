"""Handoff for programs: `Client` and `AsyncClient` over HTTP, and `events(job_id)` in a process that runs Django."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handoff.client import AsyncClient, Client
    from handoff.problem import Problem
    from handoff.shapes import Batch, Event, Job, JobFile, Submission, Upload
    from jobs.live.stream import events

__all__ = [
    "AsyncClient",
    "Batch",
    "Client",
    "Event",
    "Job",
    "JobFile",
    "Problem",
    "Submission",
    "Upload",
    "events",
]

_LAZY = {
    "AsyncClient": "handoff.client",
    "Batch": "handoff.shapes",
    "Client": "handoff.client",
    "Event": "handoff.shapes",
    "Job": "handoff.shapes",
    "JobFile": "handoff.shapes",
    "Problem": "handoff.problem",
    "Submission": "handoff.shapes",
    "Upload": "handoff.shapes",
    "events": "jobs.live.stream",
}


def __getattr__(name: str) -> Any:
    """On first use: the client comes without Django, and `events` without the client."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
