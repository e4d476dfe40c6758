"""One attempt: what runs, under which lease, and what it came to."""

import asyncio
import json
import random
import threading
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from django.utils import timezone

from jobs.arguments import jsonable
from jobs.broker.leases import Lease
from jobs.conf import options
from jobs.errors import InvalidArguments
from jobs.lifecycle.finish import Outcome
from jobs.models import Job
from jobs.rules.retry import GiveUp, PutOff, Stop, TryAgain, judge
from jobs.status import Status
from jobs.task import Task

#: Of a traceback; the end is the part that tells.
MAX_TRACEBACK_CHARACTERS = 8_000
MAX_MESSAGE_CHARACTERS = 1_000

_rng = random.Random()


class Fate(Enum):
    """Why an attempt is being ended from outside."""

    #: The worker stops: the job goes back and the attempt does not count.
    HANDED_BACK = auto()
    #: Another worker has the lease: nothing may be recorded.
    LOST = auto()


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    job: Job
    lease: Lease
    #: Set before it runs.
    task: Task = field(init=False)
    #: Set to tell the task that it should end.
    stop: threading.Event = field(default_factory=threading.Event)
    #: The coroutine that runs it; None until then.
    running: "asyncio.Task[None] | None" = None
    fate: Fate | None = None
    #: From then on nothing may keep it from being recorded.
    has_outcome: bool = False
    #: Known when its outcome is recorded.
    will_run_again: bool = False

    @property
    def time_limit(self) -> timedelta:
        return self.job.timeout or self.task.timeout or options().timeout

    def end(self, fate: Fate) -> None:
        """Cancels it from outside; in a thread it is told, and its outcome no longer matters."""
        self.fate = fate
        self.stop.set()
        if self.running and not self.has_outcome:
            self.running.cancel()


def returned(attempt: Attempt, value: Any) -> Outcome:
    """The outcome of a function that returned. A value that JSON can't carry is recorded as such."""
    try:
        value = jsonable(value, ("result",))
        size = len(json.dumps(value).encode())
        if size > options().max_result_bytes:
            value = _unstorable(
                f"it takes {size} bytes as JSON, more than {options().max_result_bytes}; use a file"
            )
    except InvalidArguments as error:
        value = _unstorable(error.problems[0][1])
    return Outcome(status=Status.SUCCESSFUL, return_value=value)


def _unstorable(why: str) -> dict[str, str]:
    return {"unstorable": f"The task succeeded, but its return value was not kept: {why}"}


def raised(attempt: Attempt, error: BaseException) -> Outcome:
    """The outcome of a function that raised: the retry rule decides."""
    job = attempt.job
    verdict = judge(error, attempt=job.attempt, max_attempts=job.max_attempts, task=attempt.task, rng=_rng)
    match verdict:
        case PutOff(pause):
            return Outcome(status=Status.DEFERRED, pause=pause, counts=False, reason=str(error))
        case Stop():
            return Outcome(status=Status.CANCELLED, reason=str(error))
        case TryAgain(pause):
            described_error = described(attempt, error)
            return Outcome(status=Status.DEFERRED, pause=pause, error=described_error, reason=_line(error))
        case GiveUp():
            return failed(attempt, error)


def failed(attempt: Attempt, error: BaseException) -> Outcome:
    return Outcome(status=Status.FAILED, error=described(attempt, error), reason=_line(error))


def handed_back() -> Outcome:
    return Outcome(status=Status.READY, counts=False, reason="the worker stopped")


def described(attempt: Attempt, error: BaseException) -> dict[str, Any]:
    """An entry for `Job.errors`."""
    kind = type(error)
    return {
        "attempt": attempt.job.attempt,
        "exception_class_path": f"{kind.__module__}.{kind.__qualname__}",
        "message": storable(str(error))[:MAX_MESSAGE_CHARACTERS],
        "traceback": storable("".join(traceback.format_exception(error)))[-MAX_TRACEBACK_CHARACTERS:],
        "worker_id": attempt.job.worker_ids[-1],
        "at": timezone.now().isoformat(),
    }


def storable(text: str) -> str:
    """Without what PostgreSQL refuses in text."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _line(error: BaseException) -> str:
    return storable(f"{type(error).__name__}: {error}")[:200]
