"""`/jobs/{id}/tokens` and `/tickets`: access that may be handed on to a page."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import AwareDatetime, Field, StrictInt

from jobs.access.job_token import DEFAULT_TTL, MAX_TTL, JobScope, JobToken
from jobs.access.ticket import issue_ticket
from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import ApiRequest, needs
from jobs.api.bodies import JSON, read_json
from jobs.api.exceptions import scope_missing
from jobs.api.jobs import find_job
from jobs.api.openapi import refuses, takes
from jobs.api.problems import Kind, Problem
from jobs.api.schemas.base import Given, Shown
from jobs.models import Scope

router = Router(tags=["access"])
router.add_decorator(gives_json, mode="view")


class JobTokenIn(Given):
    """A job token to be made."""

    scope: JobScope = Field(default="read", description="`cancel` may read, too.")
    ttl_seconds: StrictInt = Field(
        default=int(DEFAULT_TTL.total_seconds()), ge=1, le=int(MAX_TTL.total_seconds())
    )


class JobTokenOut(Shown):
    token: str = Field(description="For `Authorization: Bearer`.")
    scope: JobScope
    expires_at: AwareDatetime


class TicketOut(Shown):
    ticket: str = Field(description="For one WebSocket: `/ws/v1/live?ticket=…`.")
    expires_at: AwareDatetime


@router.post(
    "/jobs/{uuid:job_id}/tokens",
    auth=needs(Scope.READ),
    response={201: JobTokenOut},
    openapi_extra=takes(JSON, JobTokenIn.model_json_schema()) | refuses(404, 415),
)
async def issue_job_token(request: ApiRequest, job_id: UUID) -> HttpResponse:
    """A short-lived token for this job alone, for a page that has no session."""
    asked = read_json(request, JobTokenIn)
    job = await find_job(request, job_id)
    if asked.scope == "cancel" and not request.access.may_cancel:
        raise scope_missing(Scope.CANCEL)
    if job.owner_id is None:
        raise Problem(Kind.FORBIDDEN, "A job token speaks for the job's owner, and this job has none.")
    token = JobToken(
        job_id=job_id,
        scope=asked.scope,
        expires_at=timezone.now().replace(microsecond=0) + timedelta(seconds=asked.ttl_seconds),
        made_by_token_id=request.access.token_id,
    )
    body = {"token": token.sign(), "scope": token.scope, "expires_at": token.expires_at}
    return json_answer(body, 201)


@router.post("/tickets", auth=needs(Scope.READ, or_job_token=True), response={201: TicketOut})
async def issue_socket_ticket(request: ApiRequest) -> HttpResponse:
    """A ticket that opens one WebSocket within 30 seconds. It stays open while what was shown here is good."""
    plaintext, expires_at = await issue_ticket(request.access)
    return json_answer({"ticket": plaintext, "expires_at": expires_at}, 201)
