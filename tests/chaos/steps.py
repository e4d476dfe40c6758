"""The steps of a job's way through a worker, by the engine's own names: the one place that knows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    module: str
    #: A function, or a method as Class.method.
    function: str
    #: Whether the jobs are read from its answer; otherwise from its first argument besides `self`.
    answers_jobs: bool = False

    @property
    def is_method(self) -> bool:
        return "." in self.function


STEPS: Mapping[str, Step] = {
    "claim": Step("jobs.broker.ready", "claim", answers_jobs=True),
    "start": Step("jobs.lifecycle.start", "start"),
    "perform": Step("jobs.worker.executor", "Executor.perform"),
    "finish": Step("jobs.lifecycle.finish", "finish"),
    "ack": Step("jobs.broker.leases", "ack"),
    "push": Step("jobs.broker.ready", "push"),
}

#: Where a worker can be struck down with jobs in its hands.
POINTS = [
    (name, when)
    for name, step in STEPS.items()
    for when in (["after"] if step.answers_jobs else ["before", "after"])
]


def ids_in(value: Any) -> list[str]:
    """The jobs in whatever the engine passes on: ids, leases, acks, outcomes, attempts, rows, or lists of them."""
    if isinstance(value, str):
        return [value]
    for name in ("job_id", "lease", "job", "leases"):
        if hasattr(value, name):
            return ids_in(getattr(value, name))
    if hasattr(value, "id"):
        return [str(value.id)]
    if isinstance(value, tuple):  # a job and its outcome
        return ids_in(value[0])
    return [job for part in value for job in ids_in(part)] if isinstance(value, Iterable) else []
