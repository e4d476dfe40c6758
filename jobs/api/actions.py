"""`/jobs/actions`: one verb for all jobs that match a filter."""

import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import ApiRequest, needs
from jobs.api.bodies import JSON, read_json
from jobs.api.bulk import Bulk, BulkOut
from jobs.api.by import by_of
from jobs.api.contract import reference
from jobs.api.exceptions import scope_missing
from jobs.api.openapi import refuses, takes
from jobs.lifecycle.audit import By
from jobs.lifecycle.verb import Result, aact_on_many, rehearse
from jobs.models import Scope
from jobs.models.search import LAST, Search
from jobs.store import STORE_ERRORS

logger = logging.getLogger(__name__)

router = Router(tags=["jobs"])
router.add_decorator(gives_json, mode="view")

#: Jobs of one transaction, which holds their locks for some tens of milliseconds.
MAX_BATCH = 500
#: Pages on which one request looks for matching jobs.
MAX_PAGES = 50


@router.post(
    "/jobs/actions",
    auth=needs(Scope.WRITE),
    response={200: BulkOut},
    openapi_extra=takes(JSON, reference("Bulk")) | refuses(415),
)
async def act_on_jobs(request: ApiRequest) -> HttpResponse:
    """Does it to the jobs that match, the newest first, in transactions of at most 500."""
    bulk = read_json(request, Bulk)
    if bulk.action == "cancel" and not request.access.may(Scope.CANCEL):
        raise scope_missing(Scope.CANCEL)
    search = bulk.filter.search(request.access, bulk.cursor)
    items, following = await _walk(bulk, search, await by_of(request))
    done = sum(item["refused"] is None for item in items)
    body = {"dry_run": bulk.dry_run, "done": done, "refused": len(items) - done, "items": items}
    return json_answer(body | {"next": following and str(following)})


async def _walk(bulk: Bulk, search: Search, by: By) -> tuple[list[dict[str, Any]], UUID | None]:
    """What came of each job, and where to go on."""
    items: list[dict[str, Any]] = []
    following: UUID | None = search.before
    for _ in range(MAX_PAGES):
        here = replace(search, before=following or LAST)
        try:
            more, following = await _page(bulk, here, bulk.max - len(items), by)
        except STORE_ERRORS as error:
            if not items:
                raise
            # What the pages before did is committed, and a 503 would say that nothing is.
            logger.warning("An action ends after %d jobs: %r", len(items), error.__cause__ or error)
            break
        items += more
        if following is None or len(items) >= bulk.max:
            break
    return items, following


async def _page(bulk: Bulk, here: Search, most: int, by: By) -> tuple[list[dict[str, Any]], UUID | None]:
    ids, following = await sync_to_async(here.ids)(min(MAX_BATCH, most))
    return _items(await _act(bulk, ids, by)), following


async def _act(bulk: Bulk, ids: list[UUID], by: By) -> Result:
    if bulk.dry_run:
        return await sync_to_async(rehearse)(bulk.verb, ids, by)
    return await aact_on_many(bulk.verb, ids, by)


def _items(result: Result) -> list[dict[str, Any]]:
    """Newest first."""
    done = [{"id": str(each.job.id), "outcome": each.outcome, "refused": None} for each in result.done]
    refused = [
        {"id": str(job_id), "outcome": None, "refused": str(error)}
        for job_id, error in result.refused.items()
    ]
    return sorted(done + refused, key=lambda item: str(item["id"]), reverse=True)
