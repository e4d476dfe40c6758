import random
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import Cancel, InvalidInput, Retry, Snooze
from jobs.rules.retry import JITTER, MAX_PAUSE, Backoff, GiveUp, PutOff, Stop, TryAgain, curve, judge, spread


@dataclass(frozen=True)
class Options:
    backoff: Backoff = "exponential"
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    give_up_on: tuple[type[BaseException], ...] = ()


def judged(error, *, attempt=1, max_attempts=3, **options):
    return judge(
        error, attempt=attempt, max_attempts=max_attempts, task=Options(**options), rng=random.Random(1)
    )


def test_an_error_is_tried_again_while_attempts_are_left():
    assert isinstance(judged(ValueError(), attempt=2, max_attempts=3), TryAgain)
    assert judged(ValueError(), attempt=3, max_attempts=3) == GiveUp()


def test_only_listed_errors_are_tried_again():
    assert isinstance(judged(OSError(), retry_on=(OSError,)), TryAgain)
    assert judged(ValueError(), retry_on=(OSError,)) == GiveUp()


def test_giving_up_wins_over_trying_again():
    assert judged(FileNotFoundError(), retry_on=(OSError,), give_up_on=(FileNotFoundError,)) == GiveUp()


def test_invalid_input_is_never_tried_again():
    assert judged(InvalidInput("no")) == GiveUp()


def test_a_task_says_itself_when_it_wants_to_be_tried_again():
    assert judged(Retry(after=timedelta(seconds=7)), retry_on=()) == TryAgain(timedelta(seconds=7))
    assert isinstance(judged(Retry(), retry_on=()), TryAgain)
    assert judged(Retry(after=timedelta(seconds=7)), attempt=3) == GiveUp()


def test_a_snooze_counts_no_attempt_not_even_the_last():
    assert judged(Snooze(timedelta(minutes=1)), attempt=3, max_attempts=3) == PutOff(timedelta(minutes=1))


def test_a_task_can_end_its_job_as_cancelled():
    assert judged(Cancel()) == Stop()


def test_a_backoff_function_that_answers_none_gives_up():
    assert judged(ValueError(), backoff=lambda attempt, error: None) == GiveUp()


@pytest.mark.parametrize(
    "backoff, seconds",
    [("exponential", [1, 2, 4, 8]), ("linear", [1, 2, 3, 4]), ("fixed", [1, 1, 1, 1])],
)
def test_the_named_curves(backoff, seconds):
    pauses = [curve(backoff, attempt, ValueError()) for attempt in (1, 2, 3, 4)]
    assert pauses == [timedelta(seconds=second) for second in seconds]


@given(st.integers(1, 10_000))
def test_no_named_curve_pauses_for_longer_than_an_hour(attempt):
    for backoff in ("exponential", "linear", "fixed"):
        assert curve(backoff, attempt, ValueError()) <= MAX_PAUSE


@given(st.integers())
def test_jitter_stays_within_its_bounds(seed):
    pause = spread(timedelta(seconds=100), random.Random(seed))
    assert timedelta(seconds=100 * (1 - JITTER)) <= pause <= timedelta(seconds=100 * (1 + JITTER))


def test_jobs_that_failed_together_do_not_come_back_together():
    rng = random.Random(1)
    assert len({spread(timedelta(seconds=10), rng) for _ in range(20)}) == 20
