"""How much an owner may submit over HTTP: so fast, and so many at the same time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from typing import Any

from jobs.broker.limits import Bucket, Taken, take
from jobs.conf import options
from jobs.errors import JobError
from jobs.lifecycle.backlog import backlog

#: Jobs end all the time; how soon enough of them have, nobody knows.
RETRY_AFTER_SECONDS = 5


class OverQuota(JobError):
    """More than the owner may submit now; the message says how much that is."""

    def __init__(self, message: str, taken: Taken, retry_seconds: int) -> None:
        super().__init__(message)
        self.taken = taken
        self.retry_seconds = retry_seconds


class TooFast(OverQuota):
    """More jobs than the owner's bucket holds."""


class TooManyJobs(OverQuota):
    """More jobs than may wait or run at the same time."""


@asynccontextmanager
async def admitted(owner_id: Any, count: int) -> AsyncIterator[Taken]:
    """Counts the submission of so many jobs, which are stored within; says what is left. Raises OverQuota."""
    taken = await take(owner_id, count, bucket())
    if not taken.is_taken:
        raise _too_fast(count, taken)
    async with backlog().room(owner_id, count, options().max_jobs_per_owner) as is_room:
        if not is_room:
            raise _too_many(count, taken)
        yield taken


def bucket() -> Bucket:
    """An owner's."""
    return Bucket(options().submissions_per_second, options().submission_burst)


def _too_fast(count: int, taken: Taken) -> TooFast:
    seconds = max(1, ceil(taken.retry_seconds))
    sentence = (
        f"You may submit {bucket().per_second:g} jobs a second and {bucket().size} at once; {taken.left} are left "
        f"now, and this request has {count}. Try again in {seconds} seconds."
    )
    return TooFast(sentence, taken, seconds)


def _too_many(count: int, taken: Taken) -> TooManyJobs:
    sentence = (
        f"At most {options().max_jobs_per_owner} of your jobs may wait or run at the same time, and {count} more "
        "would be too many. Wait until some have ended, or cancel some."
    )
    return TooManyJobs(sentence, taken, RETRY_AFTER_SECONDS)
