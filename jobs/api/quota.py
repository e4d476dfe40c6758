"""How much an owner may submit: so fast, and so many at the same time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from typing import Any

from jobs.api.backlog import backlog
from jobs.api.problems import Kind, Problem
from jobs.broker.limits import Bucket, Taken, take
from jobs.conf import options

#: Name of the limit in the headers (draft-ietf-httpapi-ratelimit-headers).
POLICY = "submissions"
#: Jobs end all the time; how soon enough of them have, nobody knows.
RETRY_AFTER_SECONDS = 5

type Headers = dict[str, str]


@asynccontextmanager
async def admitted(owner: Any, count: int) -> AsyncIterator[Headers]:
    """Counts the submission of so many jobs, which are stored within; the headers say what is left. Raises Problem."""
    bucket = Bucket(options().submissions_per_second, options().submission_burst)
    taken = await take(owner.pk, count, bucket)
    headers = _headers(bucket, taken)
    if not taken.is_taken:
        raise _too_fast(count, bucket, taken, headers)
    limit = options().max_jobs_per_owner
    async with backlog().room(owner.pk, count, limit) as is_room:
        if not is_room:
            raise _too_many(count, limit, headers)
        yield headers


def _headers(bucket: Bucket, taken: Taken) -> Headers:
    """q: what fits in, w: the seconds in which it fills up, r: what is left, t: the seconds until it is full."""
    window = max(1, round(bucket.size / bucket.per_second))
    return {
        "RateLimit-Policy": f'"{POLICY}";q={bucket.size};w={window}',
        "RateLimit": f'"{POLICY}";r={max(0, taken.left)};t={ceil(taken.full_seconds)}',
    }


def _too_fast(count: int, bucket: Bucket, taken: Taken, headers: Headers) -> Problem:
    seconds = max(1, ceil(taken.retry_seconds))
    detail = (
        f"You may submit {bucket.per_second:g} jobs a second and {bucket.size} at once; {taken.left} are left now, "
        f"and this request has {count}. Try again in {seconds} seconds."
    )
    return Problem(Kind.RATE_LIMITED, detail, headers={**headers, "Retry-After": str(seconds)})


def _too_many(count: int, limit: int, headers: Headers) -> Problem:
    detail = (
        f"At most {limit} of your jobs may wait or run at the same time, and {count} more would be too many. "
        "Wait until some have ended, or cancel some."
    )
    return Problem(
        Kind.TOO_MANY_JOBS,
        detail,
        headers={**headers, "Retry-After": str(RETRY_AFTER_SECONDS)},
        max_jobs=limit,
    )
