"""`/jobs/{id}/cancellation`, `/retries` and `/promotion`: what may be done to a job."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import ApiRequest, needs
from jobs.api.bodies import JSON, read_json
from jobs.api.by import by_of
from jobs.api.jobs import find_job, shown
from jobs.api.openapi import refuses, takes, tells
from jobs.api.schemas.job import JobOut, Retrial
from jobs.api.submission import arguments_of
from jobs.lifecycle.cancel import acancel
from jobs.lifecycle.promote import apromote
from jobs.lifecycle.retry import aretry
from jobs.models import Scope

router = Router(tags=["jobs"])
router.add_decorator(gives_json, mode="view")


@router.post(
    "/jobs/{uuid:job_id}/cancellation",
    auth=needs(Scope.CANCEL, or_job_token=True),
    response={200: JobOut},
    openapi_extra=refuses(404, 409),
)
async def cancel_job(request: ApiRequest, job_id: UUID) -> HttpResponse:
    """A job that waits has ended as cancelled when the answer comes; one that runs is told, and ends soon after."""
    await find_job(request, job_id)
    await acancel(job_id, by=await by_of(request))
    return json_answer(shown(await find_job(request, job_id), request))


@router.post(
    "/jobs/{uuid:job_id}/retries",
    auth=needs(Scope.WRITE),
    response={202: JobOut},
    openapi_extra=takes(JSON, Retrial.model_json_schema(), required=False)
    | tells("Location", status=202)
    | refuses(404, 409, 415),
)
async def retry_job(request: ApiRequest, job_id: UUID) -> HttpResponse:
    """Makes a job that has ended ready again, with an attempt more if it has used all; with other `args` if some
    come."""
    job = await find_job(request, job_id)
    retrial = read_json(request, Retrial) if request.body else Retrial()
    arguments = None if retrial.args is None else await arguments_of(job, retrial.args)
    await aretry(job_id, arguments=arguments, by=await by_of(request))
    body = shown(await find_job(request, job_id), request)
    return json_answer(body, 202, {"Location": body["links"]["self"]})


@router.post(
    "/jobs/{uuid:job_id}/promotion",
    auth=needs(Scope.WRITE),
    response={200: JobOut},
    openapi_extra=refuses(404, 409),
)
async def promote_job(request: ApiRequest, job_id: UUID) -> HttpResponse:
    """Makes a deferred job ready, so that it runs now; one that is ready stays so."""
    await find_job(request, job_id)
    await apromote(job_id, by=await by_of(request))
    return json_answer(shown(await find_job(request, job_id), request))
