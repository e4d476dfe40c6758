"""`/jobs`: submit, list, look at, change."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from ninja import Query, Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.bodies import JSON, read_json
from jobs.api.by import by_of
from jobs.api.contract import SUBMISSION, reference
from jobs.api.listing import Filter, Listing
from jobs.api.openapi import hears, refuses, takes, tells
from jobs.api.paging import link_header, next_url
from jobs.api.problems import Kind, Problem
from jobs.api.quota import admitted
from jobs.api.repeats import key_of
from jobs.api.schemas.job import Change, CountsOut, JobOut, JobsOut
from jobs.api.schemas.submission import Submission
from jobs.api.submission import job_of, store
from jobs.api.traces import traceparent_of
from jobs.api.turns import turns
from jobs.api.waiting import applied, has_changed, has_ended, wait_of
from jobs.errors import JobNotFound
from jobs.events.shapes import job_json
from jobs.lifecycle.once import answer_to
from jobs.lifecycle.prioritize import aprioritize
from jobs.models import Scope
from jobs.models.shown import ShownJob, show
from jobs.status import Status
from jobs.store import STORE_ERRORS, ReadThread

router = Router(tags=["jobs"])
router.add_decorator(gives_json, mode="view")

#: Where jobs are read. A thread and a connection of its own, as Django gives each request, cost more than a page.
reads = ReadThread(threads=4)


@router.post(
    "/jobs",
    auth=needs(Scope.WRITE),
    response={200: JobOut, 202: JobOut},
    openapi_extra=takes(JSON, reference(SUBMISSION))
    | hears(
        Idempotency_Key="With the same key it may be sent again within 24 hours, and is done once.",
        Prefer="`wait=N`: answer with the result if it comes within N seconds.",
        traceparent="W3C trace context; the task gets it.",
    )
    | tells("Location", "Preference-Applied", "RateLimit", "RateLimit-Policy")
    | tells("Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", status=202)
    | refuses(409, 415, 429),
)
async def submit_job(request: ApiRequest) -> HttpResponse:
    """Accepts a job: it is stored for good when the answer comes, and its address is in Location.

    With `Prefer: wait=N` the answer is 200 with its result if it ends within N seconds.
    """
    key = key_of(request, request.body)
    if key and (answered := await answer_to(key)):
        return await _answer(request, answered, {})
    async with turns().turn(request.auth.pk):
        submission = read_json(request, Submission)
        job = await job_of(submission, owner=request.auth, traceparent=traceparent_of(request))
        async with admitted(request.auth, 1) as headers:
            body = await store(job, key, asker=request.auth)
    return await _answer(request, body, headers)


async def _answer(request: ApiRequest, body: dict[str, Any], headers: dict[str, str]) -> HttpResponse:
    """The result if it is there in the time that the caller would wait, else where it will be."""
    headers = {"Location": body["links"]["self"], **headers}
    if wait_of(request) and (ended := await _ended(request, UUID(body["id"]))):
        return applied(request, json_answer(shown(ended, request), 200, headers))
    return applied(request, json_answer(body, 202, headers))


async def _ended(request: ApiRequest, job_id: UUID) -> ShownJob | None:
    """The job once it has ended. None: not in time, or it can't be told, as while the database is away. A problem would
    have the caller submit again what is stored."""
    try:
        return await find_job(request, job_id) if await has_ended(request, job_id) else None
    except (JobNotFound, Problem, *STORE_ERRORS):
        return None


@router.api_operation(
    list(SAFE_METHODS),
    "/jobs",
    auth=needs(Scope.READ),
    response=JobsOut,
    openapi_extra=tells("Link"),
)
async def list_jobs(request: ApiRequest, listing: Query[Listing]) -> HttpResponse:
    """Your jobs, newest first; staff see everybody's. Follow `next` until it is null: a page may have few jobs, or
    none, because many had to be looked at."""
    page = await reads(listing.search(request.access, listing.cursor).page, listing.limit)
    following = next_url(request, cursor=page.next) if page.next else None
    jobs = [{**shown(job, request), "left_out": job.left_out} for job in page.jobs]
    return json_answer({"jobs": jobs, "next": following}, headers=link_header(following))


@router.api_operation(
    list(SAFE_METHODS),
    "/jobs/counts",
    auth=needs(Scope.READ),
    response=CountsOut,
)
async def count_jobs(request: ApiRequest, which: Query[Filter]) -> HttpResponse:
    """How many jobs there are by status: of the newest 10,000 that wait or run, and of the newest 10,000 that have
    ended."""
    search = which.search(request.access)
    active, ended = await reads(search.count_active), await reads(search.count_ended)
    counts = {"active": active, "ended": ended}
    return json_answer(
        {name: {"counts": found.by_status, "complete": found.is_complete} for name, found in counts.items()}
    )


@router.api_operation(
    list(SAFE_METHODS),
    "/jobs/{uuid:job_id}",
    auth=needs(Scope.READ, or_job_token=True),
    response={200: JobOut, 304: None},
    openapi_extra=hears(
        If_None_Match="The ETag of the state that the caller has; while that is the state, a 304.",
        Prefer="`wait=N`: answer once there is more to say, or after N seconds.",
    )
    | tells("ETag", "Preference-Applied")
    | tells("ETag", "Preference-Applied", status=304)
    | refuses(404, 412),
)
async def get_job(request: ApiRequest, job_id: UUID) -> HttpResponse:
    """One job. Its ETag changes with every event and file; send it as If-None-Match to poll cheaply.

    With `Prefer: wait=N` too, the answer comes once the job is not as the ETag says any more; without If-None-Match,
    once it has ended; and in any case after N seconds.
    """
    job = await find_job(request, job_id)
    if wait_of(request) and await _has_more(request, job):
        job = await find_job(request, job_id)
    answer = json_answer(shown(job, request), headers={"ETag": entity_tag(job)})
    return applied(request, _unless_known(request, answer))


async def _has_more(request: ApiRequest, job: ShownJob) -> bool:
    """Whether the job comes to say more than it does now, while the caller waits."""
    known = request.headers.get("If-None-Match")
    if known is None:
        return not Status(job.status).is_ended and await has_ended(request, job.id)
    return entity_tag(job) in known and await has_changed(request, job.id, job.seq)


def entity_tag(job: ShownJob) -> str:
    """A file may be saved between two events, hence their number."""
    return f'"{job.id.hex}-{job.seq}-{len(job.files)}"'


def _unless_known(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """304 without a body if the caller has this state already."""
    conditional = get_conditional_response(request, etag=answer["ETag"], response=answer)
    assert isinstance(conditional, HttpResponse)
    return conditional


@router.patch(
    "/jobs/{uuid:job_id}",
    auth=needs(Scope.WRITE),
    response={200: JobOut},
    openapi_extra=takes(JSON, Change.model_json_schema()) | refuses(404, 409, 415),
)
async def change_job(request: ApiRequest, job_id: UUID) -> HttpResponse:
    """Gives a job that waits another priority; it keeps its age."""
    await find_job(request, job_id)
    change = read_json(request, Change)
    await aprioritize(job_id, change.priority, by=await by_of(request))
    return json_answer(shown(await find_job(request, job_id), request))


async def find_job(request: ApiRequest, job_id: UUID) -> ShownJob:
    """Raises Problem if there is none, or none that the asker may see, which are not told apart."""
    for job in await reads(show, [job_id]):
        if request.access.may_see(job):
            return job
    raise Problem(Kind.NOT_FOUND, f"There is no job {job_id} of yours.")


def shown(job: ShownJob, request: ApiRequest) -> dict[str, Any]:
    """Its JSON, as the asker may see it."""
    return job_json(job, with_traceback=request.auth.is_staff)
