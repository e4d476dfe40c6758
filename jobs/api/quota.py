"""What an owner may still submit, as answers say it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from typing import Any

from jobs.api.problems import Kind, Problem
from jobs.broker.limits import Taken
from jobs.conf import options
from jobs.lifecycle import quota
from jobs.lifecycle.quota import OverQuota, TooFast, TooManyJobs, bucket

#: Name of the limit in the headers (draft-ietf-httpapi-ratelimit-headers).
POLICY = "submissions"

type Headers = dict[str, str]


@asynccontextmanager
async def admitted(owner: Any, count: int) -> AsyncIterator[Headers]:
    """Counts the submission of so many jobs, which are stored within. Raises OverQuota."""
    async with quota.admitted(owner.pk, count) as taken:
        yield _headers(taken)


def too_fast(error: TooFast) -> Problem:
    return Problem(Kind.RATE_LIMITED, str(error), headers=_refused(error))


def too_many(error: TooManyJobs) -> Problem:
    limit = options().max_jobs_per_owner
    return Problem(Kind.TOO_MANY_JOBS, str(error), headers=_refused(error), max_jobs=limit)


def _refused(error: OverQuota) -> Headers:
    return {**_headers(error.taken), "Retry-After": str(error.retry_seconds)}


def _headers(taken: Taken) -> Headers:
    """q: what fits in, w: the seconds in which it fills up, r: what is left, t: the seconds until it is full."""
    size, window = bucket().size, max(1, round(bucket().size / bucket().per_second))
    return {
        "RateLimit-Policy": f'"{POLICY}";q={size};w={window}',
        "RateLimit": f'"{POLICY}";r={max(0, taken.left)};t={ceil(taken.full_seconds)}',
    }
