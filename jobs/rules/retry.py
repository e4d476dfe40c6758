"""What becomes of an attempt that raised."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from jobs.errors import Cancel, InvalidInput, Retry, SecretsUnreadable, Snooze

#: Named curves, or a function of (attempt, exception) that answers a pause, or None for "do not try again".
type Curve = Literal["exponential", "linear", "fixed"]
type Pauses = Callable[[int, BaseException], timedelta | None]
type Backoff = Curve | Pauses

#: Another attempt would end the same way.
HOPELESS = (InvalidInput, SecretsUnreadable)

BASE = timedelta(seconds=1)
MAX_PAUSE = timedelta(hours=1)
#: A pause is drawn from [1 - JITTER, 1 + JITTER] times the curve, so that jobs that failed together do not return
#: together.
JITTER = 0.25


class RetryOptions(Protocol):
    """The part of a task that this rule reads."""

    @property
    def backoff(self) -> Backoff: ...
    @property
    def retry_on(self) -> tuple[type[BaseException], ...]: ...
    @property
    def give_up_on(self) -> tuple[type[BaseException], ...]: ...


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The attempt counts; the next comes after `pause`."""

    pause: timedelta


@dataclass(frozen=True, slots=True)
class PutOff:
    """The attempt does not count; the job comes back after `pause`."""

    pause: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The job has failed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The task asked to end the job as cancelled."""


type Verdict = TryAgain | PutOff | GiveUp | Stop


def judge(
    error: BaseException, *, attempt: int, max_attempts: int, task: RetryOptions, rng: random.Random
) -> Verdict:
    """What follows when attempt number `attempt` of `max_attempts` raised `error`."""
    match error:
        case Snooze(after=after):
            return PutOff(after)
        case Cancel():
            return Stop()
        case _ if attempt >= max_attempts or isinstance(error, (*HOPELESS, *task.give_up_on)):
            return GiveUp()
        case Retry(after=timedelta() as after):
            return TryAgain(after)
        case _ if not isinstance(error, (Retry, *task.retry_on)):
            return GiveUp()
    pause = curve(task.backoff, attempt, error)
    return GiveUp() if pause is None else TryAgain(spread(pause, rng))


def curve(backoff: Backoff, attempt: int, error: BaseException) -> timedelta | None:
    """The pause after attempt number `attempt` (1, 2, …), before jitter."""
    match backoff:
        case "exponential":
            return min(BASE * (1 << min(attempt - 1, 30)), MAX_PAUSE)
        case "linear":
            return min(BASE * attempt, MAX_PAUSE)
        case "fixed":
            return BASE
        case _:
            return _checked(backoff(attempt, error))


def _checked(pause: timedelta | None) -> timedelta | None:
    if pause is None or isinstance(pause, timedelta):
        return pause
    raise TypeError(f"A backoff function must answer a timedelta or None, got {pause!r}.")


def spread(pause: timedelta, rng: random.Random) -> timedelta:
    return pause * rng.uniform(1 - JITTER, 1 + JITTER)
