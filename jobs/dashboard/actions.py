"""The buttons on a job's card: what the API's actions do, in the name of whoever is signed in."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs.dashboard.card import Form
from jobs.dashboard.views import NO_SUCH_JOB, asked_form
from jobs.errors import JobError
from jobs.lifecycle.audit import By
from jobs.lifecycle.cancel import acancel
from jobs.lifecycle.retry import aretry
from jobs.models import Job, Via


@require_POST
@login_required
async def cancellation(request: HttpRequest, job_id: UUID) -> HttpResponse:
    return await _act(request, job_id, acancel)


@require_POST
@login_required
async def retries(request: HttpRequest, job_id: UUID) -> HttpResponse:
    return await _act(request, job_id, aretry)


async def _act(request: HttpRequest, job_id: UUID, verb: Callable[..., Awaitable[Job]]) -> HttpResponse:
    """Leads back to where the card was; if it can't be done, to a page that says why."""
    user = await request.auser()
    if not await Job.objects.visible_to(user).filter(id=job_id).aexists():
        raise Http404(NO_SUCH_JOB)
    address = request.META.get("REMOTE_ADDR") or None
    by = By(via=Via.SESSION, user_id=user.pk, name=user.get_username(), address=address)
    try:
        await verb(job_id, by=by)
    except JobError as error:
        show = partial(render, request, "dashboard/refused.html", {"why": str(error)}, status=409)
        return await sync_to_async(show)()
    alone = asked_form(request) == Form.ALONE
    page = reverse("job", args=[job_id]) if alone else f"{reverse('home')}?job={job_id}#job-{job_id}"
    return HttpResponseRedirect(page, status=303)
