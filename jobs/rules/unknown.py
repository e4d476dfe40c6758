"""What becomes of a job whose task a worker does not know: during a deploy, another worker may."""

from datetime import timedelta

#: A deploy takes less.
GIVEN_UP_AFTER = timedelta(minutes=15)
MIN_PAUSE = timedelta(seconds=1)
MAX_PAUSE = timedelta(seconds=30)


def is_given_up(waited: timedelta) -> bool:
    """Whether it has waited long enough for a worker that knows its task."""
    return waited >= GIVEN_UP_AFTER


def pause_after(waited: timedelta) -> timedelta:
    """Until it is offered again: longer the longer it has waited, so that many such jobs keep no worker busy."""
    return min(max(waited / 4, MIN_PAUSE), MAX_PAUSE)
