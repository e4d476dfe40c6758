"""One attempt: what runs, under which lease, and what it came to."""

import asyncio
import json
import logging
import random
import threading
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from django.utils import timezone

from jobs.arguments import is_larger, jsonable, storable
from jobs.broker.leases import Lease
from jobs.conf import options
from jobs.confidential import cleaned
from jobs.errors import InvalidArguments, JobError, TimedOut
from jobs.lifecycle.effects import Write
from jobs.lifecycle.finish import Outcome
from jobs.lifecycle.transition import CANCELLED_ON_REQUEST
from jobs.models.row import JobRow
from jobs.rules.retry import GiveUp, PutOff, Stop, TryAgain, judge
from jobs.status import Status
from jobs.task import Task
from jobs.worker.voice import Voice

#: Of a traceback; the end is the part that tells.
MAX_TRACEBACK_CHARACTERS = 8_000
MAX_MESSAGE_CHARACTERS = 1_000
MAX_REASON_CHARACTERS = 200

_rng = random.Random()
logger = logging.getLogger(__name__)


class Fate(Enum):
    """Why an attempt is ended before its function has. Once told, that decides its outcome, not the function."""

    #: Its time limit is over.
    TIMED_OUT = auto()
    #: Somebody asked for it.
    CANCELLED = auto()
    #: The worker stops: the job goes back and the attempt does not count.
    HANDED_BACK = auto()
    #: Another worker has the lease: nothing may be recorded.
    LOST = auto()


#: How long a task may clean up once it was told, in seconds. Then its end is recorded, and it is on its own.
GRACE = {Fate.TIMED_OUT: 5.0, Fate.CANCELLED: 5.0, Fate.HANDED_BACK: 0.5, Fate.LOST: 0.5}


def _nothing() -> None:
    """A thread is told by `stop` alone."""


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    job: JobRow
    lease: Lease
    #: Set before it runs.
    task: Task = field(init=False)
    #: Set to tell the task that it should end: `context.cancelled`.
    stop: threading.Event = field(default_factory=threading.Event)
    #: What its kind of task needs besides, when its soft time limit is over, and when it is being ended.
    warn: Callable[[], None] = _nothing
    tell: Callable[[], None] = _nothing
    #: From claim to record; None until then.
    running: "asyncio.Task[None] | None" = None
    #: Done when nothing waits for its function any more; None while that does not run.
    over: "asyncio.Future[None] | None" = None
    fate: Fate | None = None
    #: From then on nothing may keep it from being recorded.
    has_outcome: bool = False
    #: From when on Redis has been told of its end: its lease must not be renewed any more.
    is_settled: bool = False
    #: Takes its outcome; done when that is recorded, False if it was not this attempt's to record.
    record: "Callable[[Attempt, Outcome], asyncio.Future[bool]]" = field(init=False)
    #: By which it speaks while it runs.
    voice: Voice = field(init=False)
    #: What the task asked to be written together with its success.
    writes: list[Write] = field(default_factory=list)
    #: Known when its outcome is recorded.
    will_run_again: bool = False

    @property
    def time_limit(self) -> timedelta:
        if self.job.timeout_seconds is not None:
            return timedelta(seconds=self.job.timeout_seconds)
        return self.task.timeout or options().timeout

    def soften(self) -> None:
        """Its soft time limit is over: the task is told, and may still end as it likes."""
        self.stop.set()
        self.warn()

    def end(self, fate: Fate) -> None:
        """Tells the task to end, once, and waits for it no longer than the grace. One that has ended is left alone."""
        if self.over and self.over.done():
            return
        told = self.fate is not None
        if not told or fate is Fate.LOST:
            self.fate = fate
        self.stop.set()
        if self.over:
            if not told:
                self.tell()
            self.over.get_loop().call_later(self._grace(fate), self.let_go)

    def _grace(self, fate: Fate) -> float:
        """Other tasks than coroutines have no way to clean up at their hard limit; the soft one is for that."""
        return 0 if fate is Fate.TIMED_OUT and not self.task.is_async else GRACE[fate]

    def let_go(self, *_: object) -> None:
        """Nothing waits for its function any more."""
        if self.over and not self.over.done():
            self.over.set_result(None)


#: Whose task runs: in its coroutine, and in whatever that starts.
current: ContextVar[Attempt] = ContextVar("current")


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
    return Outcome(status=Status.SUCCESSFUL, return_value=value, writes=tuple(attempt.writes))


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


def cancelled() -> Outcome:
    return Outcome(status=Status.CANCELLED, reason=CANCELLED_ON_REQUEST)


def timed_out(attempt: Attempt) -> Outcome:
    return raised(attempt, TimedOut(f"It ran longer than {attempt.time_limit.total_seconds():g} s."))


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
