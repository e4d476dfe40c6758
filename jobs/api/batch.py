"""`/jobs/batch`: many jobs in one call and one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import ApiRequest, needs
from jobs.api.bodies import JSON, check_content_type, decode, fitted
from jobs.api.contract import SUBMISSION, reference
from jobs.api.exceptions import as_problem
from jobs.api.items import NDJSON, Item, items
from jobs.api.openapi import hears, refuses, takes, tells
from jobs.api.preferences import preferences
from jobs.api.problems import Kind, Problem, told
from jobs.api.quota import admitted
from jobs.api.repeats import first_of, key_of
from jobs.api.schemas.batch import BatchOut
from jobs.api.schemas.submission import Submission
from jobs.api.submission import Call, Reader, tell_listeners
from jobs.api.traces import traceparent_of
from jobs.api.turns import turns
from jobs.api.webhooks import unknown_webhook, unknown_webhooks
from jobs.errors import JobError
from jobs.events.shapes import API
from jobs.lifecycle.enqueue import aenqueue_many
from jobs.lifecycle.once import Key, aenqueue_once, answer_to
from jobs.models import Scope
from jobs.models.row import JobRow
from jobs.per_loop import PerLoop
from jobs.uploads import misplaced_uploads, takes_uploads

router = Router(tags=["jobs"])
router.add_decorator(gives_json, mode="view")

#: By `Prefer`: store the jobs that fit though others do not (RFC 7240 §4.4).
LENIENT = {"Preference-Applied": "handling=lenient"}
#: After so many jobs have been read, other requests have their turn: about half a millisecond.
SLICE = 20
#: What makes a job cost as much as two small ones.
JOB_BYTES = 1024
#: Misfits that are told of each job.
MAX_MISFITS = 5

JOBS = {"type": "array", "minItems": 1, "items": reference(SUBMISSION)}
LINES = {"type": "string", "description": "One job a line, each a JSON object as in the array."}

#: A process reads one batch at a time, so that several take no more of it than one.
_reading = PerLoop(asyncio.Lock)


@dataclass(slots=True)
class Batch:
    """What was read of one, by index."""

    jobs: dict[int, JobRow] = field(default_factory=dict)
    #: Of these jobs, those whose arguments may name uploads.
    with_uploads: dict[int, Call] = field(default_factory=dict)
    problems: dict[int, Problem] = field(default_factory=dict)


@router.post(
    "/jobs/batch",
    auth=needs(Scope.WRITE),
    response={202: BatchOut},
    openapi_extra=takes(JSON, JOBS, (NDJSON, LINES))
    | hears(
        Idempotency_Key="With the same key it may be sent again within 24 hours, and is done once.",
        Prefer="`handling=lenient`: store the jobs that fit though others do not.",
        traceparent="W3C trace context; the tasks get it.",
    )
    | tells("Preference-Applied", "RateLimit", "RateLimit-Policy", status=202)
    | refuses(409, 415, 429),
)
async def submit_batch(request: ApiRequest) -> HttpResponse:
    """Accepts many jobs at once: all of them, or with `Prefer: handling=lenient` those that fit."""
    check_content_type(request, JSON, NDJSON)
    is_lenient = preferences(request).get("handling") == "lenient"
    body, headers = request.read(), dict(LENIENT) if is_lenient else {}
    key = key_of(request, b"lenient" if is_lenient else b"strict", body)
    if key and (answered := await answer_to(key)):
        return json_answer(answered, 202, headers)
    async with _reading():
        batch = await _read(request, body)
    if batch.problems and not (is_lenient and batch.jobs):
        raise _misfit(batch)
    async with admitted(request.auth, len(batch.jobs)) as limits:
        return json_answer(await _store(batch, key), 202, headers | limits)


async def _read(request: ApiRequest, body: bytes) -> Batch:
    """Raises Problem for what can't be read as a batch."""
    batch, reader, unrested = Batch(), Reader(request.auth, traceparent_of(request)), 0.0
    for index, item in enumerate(items(body, request.content_type)):
        if unrested >= SLICE or index == 0:
            await turns().rest(request.auth.pk)
            unrested = 0.0
        unrested += 1 + len(item) / JOB_BYTES
        try:
            call = reader.read(fitted(decode(_small(item)), Submission))
            batch.jobs[index] = call.new_job()
            if takes_uploads(call.task):
                batch.with_uploads[index] = call
        except (Problem, JobError) as error:
            batch.problems[index] = as_problem(error)
    await _check_uploads(batch, request.auth)
    await _check_webhooks(batch, request.auth)
    return batch


def _small(item: Item) -> Item:
    """Raises Problem for one that would be too large on its own, before it is read."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if len(item) > limit:
        detail = f"Expected a job of at most {limit} bytes, got {len(item)}."
        raise Problem(Kind.BODY_TOO_LARGE, detail, max_bytes=limit)
    return item


async def _check_uploads(batch: Batch, owner: Any) -> None:
    """Takes out the jobs that name uploads of others."""
    named = [(call.task, call.arguments) for call in batch.with_uploads.values()]
    indexes = list(batch.with_uploads)
    for place, error in (await misplaced_uploads(named, owner.pk)).items():
        index = indexes[place]
        batch.problems[index] = batch.with_uploads[index].misfit(error)
        del batch.jobs[index]


async def _check_webhooks(batch: Batch, owner: Any) -> None:
    """Takes out the jobs that name webhooks of others."""
    unknown = await unknown_webhooks((job.webhook_id for job in batch.jobs.values()), owner)
    for index in [index for index, job in batch.jobs.items() if job.webhook_id in unknown]:
        batch.problems[index] = unknown_webhook(batch.jobs.pop(index).webhook_id)


def _misfit(batch: Batch) -> Problem:
    errors = _errors(batch)
    count = len(batch.problems)
    detail = f"{count} of {count + len(batch.jobs)} jobs do not fit, and none was stored. {told(errors)}"
    return Problem(Kind.INVALID_BATCH, detail, errors=errors)


def _errors(batch: Batch) -> list[dict[str, str]]:
    """Every misfit, with its place in the batch."""
    return [
        {"pointer": f"/{index}{error['pointer']}", "detail": error["detail"], "type": problem.kind.type}
        for index, problem in sorted(batch.problems.items())
        for error in (problem.errors or [{"pointer": "", "detail": problem.detail}])[:MAX_MISFITS]
    ]


async def _store(batch: Batch, key: Key | None) -> dict[str, Any]:
    """All of the jobs in one transaction; answers what stands for each."""
    jobs = list(batch.jobs.values())
    answer = partial(_answer, batch)
    if key is None:
        stood = await aenqueue_many(jobs)
        await tell_listeners(job for job, stands in zip(jobs, stood, strict=True) if job is stands)
        return await asyncio.to_thread(answer, stood)
    async with first_of(key):
        answered, new = await aenqueue_once(key, jobs, answer)
    await tell_listeners(new)
    return dict(answered)


def _answer(batch: Batch, stood: Sequence[JobRow]) -> dict[str, Any]:
    jobs = [
        {"index": index, "id": (job_id := str(job.id)), "links": {"self": f"{API}/jobs/{job_id}"}}
        for index, job in zip(batch.jobs, stood, strict=True)
    ]
    return {"jobs": jobs, "errors": _errors(batch)}
