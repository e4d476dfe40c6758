"""The project's addresses, and a page as another app of the same site would have it."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from jobs.models import Job
from project.urls import urlpatterns as of_project

#: Stricter than the project's own: what the page loads must carry the nonce.
STRICT = {"default-src": [CSP.SELF], "script-src": [CSP.NONCE], "style-src": [CSP.NONCE]}


@csp_override(STRICT)
@login_required
def watch(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """A job by all of the template tags."""
    jobs = Job.objects.visible_to(request.user)
    context = {"job": get_object_or_404(jobs, id=job_id), "jobs": jobs.order_by("-id")[:5]}
    return render(request, "browser/watch.html", context)


@csp_override({})
def show_elsewhere(request: HttpRequest) -> HttpResponse:
    """A page of a site that knows nothing of Handoff but a job token."""
    return render(request, "browser/elsewhere.html", request.GET.dict())


urlpatterns: list[Any] = [
    path("watch/<uuid:job_id>", watch),
    path("elsewhere", show_elsewhere),
    *of_project,
]
