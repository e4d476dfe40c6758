"""One attempt: what runs, under which lease, and what it came to."""

import asyncio
import json
import logging
import random
import threading
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from django.utils import timezone

from jobs.arguments import is_larger, jsonable, storable
from jobs.broker.leases import Lease
from jobs.conf import options
from jobs.confidential import cleaned
from jobs.errors import InvalidArguments, JobError
from jobs.lifecycle.finish import Outcome
from jobs.models.row import JobRow
from jobs.rules.retry import GiveUp, PutOff, Stop, TryAgain, judge
from jobs.status import Status
from jobs.task import Task

#: Of a traceback; the end is the part that tells.
MAX_TRACEBACK_CHARACTERS = 8_000
MAX_MESSAGE_CHARACTERS = 1_000
MAX_REASON_CHARACTERS = 200

_rng = random.Random()
logger = logging.getLogger(__name__)


class Fate(Enum):
    """Why an attempt is being ended from outside."""

    #: The worker stops: the job goes back and the attempt does not count.
    HANDED_BACK = auto()
    #: Another worker has the lease: nothing may be recorded.
    LOST = auto()


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    job: JobRow
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
    #: From when on Redis has been told of its end: its lease must not be renewed any more.
    is_settled: bool = False
    #: Known when its outcome is recorded.
    will_run_again: bool = False

    @property
    def time_limit(self) -> timedelta:
        if self.job.timeout_seconds is not None:
            return timedelta(seconds=self.job.timeout_seconds)
        return self.task.timeout or options().timeout

    def end(self, fate: Fate) -> None:
        """Cancels it from outside; in a thread it is told, and its outcome no longer matters."""
        self.fate = fate
        self.stop.set()
        if self.running and not self.has_outcome:
            self.running.cancel()


def returned(attempt: Attempt, value: Any) -> Outcome:
    """The outcome of a function that returned. A value that JSON can't carry is recorded as such."""
    most = options().max_result_bytes
    try:
        if is_larger(value, most) or len(json.dumps(value := jsonable(value, ("result",)))) > most:
            value = _unstorable(f"it takes more than {most} bytes as JSON; use context.save for large ones.")
    except InvalidArguments as error:
        value = _unstorable(error.problems[0][1])
    except Exception as error:  # noqa: BLE001  a container of the app's own that can't be read
        value = _unstorable(f"reading it raised {type(error).__name__}.")
    return Outcome(status=Status.SUCCESSFUL, return_value=value)


def _unstorable(why: str) -> dict[str, str]:
    return {"unstorable": f"The task succeeded, but its return value was not kept: {why}"}


def raised(attempt: Attempt, error: BaseException) -> Outcome:
    """The outcome of a function that raised: the retry rule decides."""
    job = attempt.job
    try:
        return _judged(attempt, error)
    except Exception as broken:  # noqa: BLE001  it is logged
        # A backoff function of the app's own, most likely. Both errors are in the traceback.
        outcome = failed(job, broken)
        logger.error(  # noqa: TRY400  its own traceback would tell secrets
            "What follows after an error of job %s could not be decided; it has failed.\n%s",
            job.id,
            (outcome.error or {})["traceback"],
        )
        return outcome


def _judged(attempt: Attempt, error: BaseException) -> Outcome:
    job = attempt.job
    verdict = judge(error, attempt=job.attempt, max_attempts=job.max_attempts, task=attempt.task, rng=_rng)
    reason = _reason(job, error)
    match verdict:
        case PutOff(pause):
            return Outcome(status=Status.DEFERRED, pause=pause, counts=False, reason=reason)
        case Stop():
            return Outcome(status=Status.CANCELLED, reason=reason)
        case TryAgain(pause):
            return Outcome(status=Status.DEFERRED, pause=pause, error=described(job, error), reason=reason)
        case GiveUp():
            return failed(job, error)


def failed(job: JobRow, error: BaseException) -> Outcome:
    return Outcome(status=Status.FAILED, error=described(job, error), reason=_reason(job, error))


def handed_back() -> Outcome:
    return Outcome(status=Status.READY, counts=False, reason="the worker stopped")


def described(job: JobRow, error: BaseException) -> dict[str, Any]:
    """An entry for `Job.errors`, without secrets."""
    kind = type(error)
    return {
        "attempt": job.attempt,
        "exception_class_path": storable(f"{kind.__module__}.{kind.__qualname__}"),
        # Cut after secrets are masked: half of one would not be found.
        "message": _message(job, error)[:MAX_MESSAGE_CHARACTERS],
        "traceback": _traceback(job, error)[-MAX_TRACEBACK_CHARACTERS:],
        "worker_id": job.worker_ids[-1],
        "at": timezone.now().isoformat(),
    }


def _reason(job: JobRow, error: BaseException) -> str:
    """One line for the event."""
    text = _message(job, error)
    return (text if isinstance(error, JobError) else f"{type(error).__name__}: {text}")[
        :MAX_REASON_CHARACTERS
    ]


def _traceback(job: JobRow, error: BaseException) -> str:
    try:
        return storable(cleaned("".join(traceback.format_exception(error)), job))
    except Exception:  # noqa: BLE001  as below
        return "(its traceback can't be shown)"


def _message(job: JobRow, error: BaseException) -> str:
    try:
        return storable(cleaned(str(error), job))
    except Exception:  # noqa: BLE001  an error that can't be told is told as that
        return f"(its message can't be shown: {type(error).__name__}.__str__ failed)"
