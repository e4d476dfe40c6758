"""`Prefer: wait=N`: the answer comes once there is more to say, and in any case after N seconds."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from jobs.api.auth import ApiRequest
from jobs.api.preferences import number, preferences
from jobs.live import stream
from jobs.live.hub import TooMany
from jobs.live.listener import Ended, Unavailable

#: Proxies give up on a request that is not answered within a minute.
MAX_WAIT_SECONDS = 30


def wait_of(request: HttpRequest) -> int | None:
    """Seconds that the caller would wait, at most MAX_WAIT_SECONDS; None if it does not say."""
    return number(preferences(request).get("wait", ""), MAX_WAIT_SECONDS)


async def has_ended(request: ApiRequest, job_id: UUID) -> bool:
    """Whether the job ends within the time that the caller would wait. Raises JobNotFound."""
    return await _meanwhile(partial(stream.ended, job_id, wait_of(request) or 0, request.access))


async def has_changed(request: ApiRequest, job_id: UUID, seq: int) -> bool:
    """Whether the job has an event after that number, or gets one within the time."""
    return await _meanwhile(partial(stream.changed, job_id, seq, wait_of(request) or 0, request.access))


async def _meanwhile(wait: Callable[[], Awaitable[bool]]) -> bool:
    """Gives the database's connection back first: others need it. Where there can be no waiting, it is over."""
    await sync_to_async(close_old_connections)()
    try:
        return await wait()
    except (Ended, TooMany, Unavailable):
        return False


def applied(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The answer, saying how long it might have waited."""
    patch_vary_headers(answer, ["Prefer"])
    if (seconds := wait_of(request)) is not None:
        answer["Preference-Applied"] = f"wait={seconds}"
    return answer
