"""Arguments that nobody may see: "***" in the row, and their values encrypted beside it.

Only the process that runs the task decrypts.
"""

import json
from typing import Any, Protocol

from jobs.arguments import parameter_names
from jobs.cipher import decrypt, encrypt
from jobs.rules.masking import MASK
from jobs.task import Task

PURPOSE = "redacted arguments"


class Row(Protocol):
    """The part of a job that holds its arguments."""

    args: list[Any]
    kwargs: dict[str, Any]
    secrets: str


def redact(task: Task, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any], str]:
    """Bound arguments as `args`, `kwargs` and `secrets` of the row keep them."""
    if not task.redact:
        return args, kwargs, ""
    names = dict(enumerate(parameter_names(task)))
    hidden: dict[int | str, Any] = {
        place: value for place, value in enumerate(args) if names.get(place) in task.redact
    }
    hidden |= {name: value for name, value in kwargs.items() if name in task.redact}
    if not hidden:
        return args, kwargs, ""
    return (
        [MASK if place in hidden else value for place, value in enumerate(args)],
        {name: MASK if name in hidden else value for name, value in kwargs.items()},
        encrypt(json.dumps(list(hidden.items())), purpose=PURPOSE),
    )


def reveal(job: Row) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the task is called with them. Raises SecretsUnreadable."""
    if not job.secrets:
        return job.args, job.kwargs
    hidden = hidden_in(job)
    return (
        [hidden.get(place, value) for place, value in enumerate(job.args)],
        {name: hidden.get(name, value) for name, value in job.kwargs.items()},
    )


def hidden_in(job: Row) -> dict[int | str, Any]:
    """The redacted values, by position or name. Raises SecretsUnreadable."""
    return dict(json.loads(decrypt(job.secrets, purpose=PURPOSE))) if job.secrets else {}
