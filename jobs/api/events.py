"""`/jobs/{id}/events`: what happened to a job."""

from typing import Annotated
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from ninja import Query, Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.openapi import refuses
from jobs.api.paging import link_header, next_url
from jobs.api.problems import Kind, Problem
from jobs.api.schemas import EventsOut
from jobs.events import log
from jobs.events.shapes import event_json
from jobs.models import Scope

router = Router(tags=["jobs"])
router.add_decorator(gives_json, mode="view")

#: The largest number that the column holds.
MAX_SEQ = 2**31 - 1


@router.api_operation(
    list(SAFE_METHODS),
    "/jobs/{uuid:job_id}/events",
    auth=needs(Scope.READ, or_job_token=True),
    response=EventsOut,
    openapi_extra=refuses(404, 422),
)
async def list_events(
    request: ApiRequest, job_id: UUID, after: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0
) -> HttpResponse:
    """The job's events after number `after`, in their order."""
    if not await request.access.jobs().filter(id=job_id).aexists():
        raise Problem(Kind.NOT_FOUND, f"There is no job {job_id} of yours.")
    events = await sync_to_async(log.after)(job_id, after)
    following = next_url(request, after=events[-1].seq) if len(events) == log.MAX_PAGE else None
    body = {"events": [event_json(event) for event in events], "next": following}
    return json_answer(body, headers=link_header(following))
