"""What can be run."""

from typing import Any

from pydantic import Field

from jobs.api.schemas.base import Shown


class TaskOut(Shown):
    """What can be called, and how."""

    name: str
    summary: str = Field(description="First line of its documentation.")
    queue: str
    max_attempts: int
    timeout_seconds: float = Field(description="Time limit of one attempt.")
    arguments: dict[str, Any] = Field(description="JSON Schema (2020-12) of `args`.")


class TasksOut(Shown):
    tasks: list[TaskOut]
