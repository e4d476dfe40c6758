"""`/jobs/{id}/events`: what happened to a job."""

from typing import Annotated
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from ninja import Query, Router

from jobs.api import sse
from jobs.api.answers import empty_answer, gives, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.jobs import find_job, reads
from jobs.api.openapi import carries, hears, refuses, tells
from jobs.api.paging import link_header, next_url
from jobs.api.preferences import number
from jobs.api.problems import Kind, Problem
from jobs.api.schemas.base import MAX_SEQ
from jobs.api.schemas.event import EventsOut
from jobs.api.waiting import applied, has_changed, wait_of
from jobs.events import log
from jobs.events.shapes import event_json
from jobs.events.topics import job_topic
from jobs.models import Scope
from jobs.models.shown import ShownJob
from jobs.status import Status

router = Router(tags=["jobs"])
router.add_decorator(gives("application/json", sse.MEDIA_TYPE), mode="view")


@router.api_operation(
    list(SAFE_METHODS),
    "/jobs/{uuid:job_id}/events",
    auth=needs(Scope.READ, or_job_token=True),
    response={200: EventsOut, 204: None},
    openapi_extra=carries(sse.MEDIA_TYPE)
    | hears(
        Last_Event_ID="Streams what came after that event; 204 if nothing will.",
        Prefer="`wait=N`: answer once there are events, or after N seconds.",
    )
    | tells("Link", "Preference-Applied")
    | refuses(404),
)
async def list_events(
    request: ApiRequest, job_id: UUID, after: Annotated[int | None, Query(ge=0, le=MAX_SEQ)] = None
) -> HttpResponseBase:
    """The job's events after number `after`, in their order; with `Prefer: wait=N` once there are any.

    With `Accept: text/event-stream` they come as they happen, until the job has ended, each with its number as id: a
    browser's EventSource, or `curl -N`, goes on where it was by `Last-Event-ID`.
    """
    job = await find_job(request, job_id)
    if sse.is_wanted(request):
        answer = await _stream(request, job, after)
    else:
        answer = await _page(request, job, after or 0)
    patch_vary_headers(answer, ("Accept", "Last-Event-ID"))
    return answer


async def _page(request: ApiRequest, job: ShownJob, after: int) -> HttpResponseBase:
    if wait_of(request) and job.seq <= after:
        await has_changed(request, job.id, after)
    events = await reads(log.after, job.id, after)
    following = next_url(request, after=events[-1].seq) if len(events) == log.MAX_PAGE else None
    body = {"events": [event_json(event) for event in events], "next": following}
    return applied(request, json_answer(body, headers=link_header(following)))


async def _stream(request: ApiRequest, job: ShownJob, after: int | None) -> HttpResponseBase:
    """No content for who has heard everything: a browser would come back to an empty stream for ever."""
    after = _last_event_id(request, after)
    if after == job.seq and Status(job.status).is_ended:
        return empty_answer()
    return await sse.answer(request, job_topic(job.id), after)


def _last_event_id(request: ApiRequest, after: int | None) -> int | None:
    """Where the caller's stream broke off, whichever way it says that."""
    given = request.headers.get("Last-Event-ID")
    if given is None:
        return after
    seq = number(given, MAX_SEQ + 1)
    if seq is None or seq > MAX_SEQ:
        raise Problem(
            Kind.INVALID_REQUEST, f"Expected an event's number as Last-Event-ID, got {given[:40]!r}."
        )
    return seq
