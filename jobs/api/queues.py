"""`/queues` and `/workers`: what waits, and who works."""

from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import empty_answer, gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.by import by_of
from jobs.api.openapi import refuses
from jobs.api.schemas.queue import PauseOut, QueuesOut
from jobs.api.schemas.worker import WorkersOut
from jobs.api.staff import check_staff
from jobs.events.shapes import timestamp
from jobs.events.system import queues_json, workers_json
from jobs.lifecycle.queues import apause, aresume
from jobs.models import Scope

router = Router(tags=["queues"])
router.add_decorator(gives_json, mode="view")


@router.api_operation(list(SAFE_METHODS), "/queues", auth=needs(Scope.READ), response=QueuesOut)
async def list_queues(request: ApiRequest) -> HttpResponse:
    """Each queue with what waits and runs in it, of whomever, as Redis counts it at this moment."""
    return json_answer({"queues": await queues_json()})


@router.put(
    "/queues/{str:name}/pause",
    auth=needs(Scope.ADMIN),
    response={200: PauseOut},
    openapi_extra=refuses(404),
)
async def pause_queue(request: ApiRequest, name: str) -> HttpResponse:
    """Within a second no worker starts a job of the queue; what runs goes on. Safe to repeat. For staff."""
    check_staff(request)
    queue = await apause(name, by=await by_of(request))
    return json_answer({"queue": queue.name, "paused_at": timestamp(queue.paused_at)})


@router.delete(
    "/queues/{str:name}/pause", auth=needs(Scope.ADMIN), response={204: None}, openapi_extra=refuses(404)
)
async def resume_queue(request: ApiRequest, name: str) -> HttpResponse:
    """Workers start jobs of the queue again. Safe to repeat. For staff."""
    check_staff(request)
    await aresume(name, by=await by_of(request))
    return empty_answer()


@router.api_operation(list(SAFE_METHODS), "/workers", auth=needs(Scope.ADMIN), response=WorkersOut)
async def list_workers(request: ApiRequest) -> HttpResponse:
    """The workers that have been heard of in the last 15 s. For staff."""
    check_staff(request)
    return json_answer({"workers": await workers_json()})
