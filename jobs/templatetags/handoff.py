"""`{% load handoff %}`: jobs in any template, each with its present state, so that it is true without JavaScript too.

They show what they are given to whoever gets the page: whether that may be is for the view to decide, as by
`Job.objects.visible_to(request.user)`. They read the database, so render in a thread where the view is a coroutine.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import template
from django.middleware.csp import get_nonce
from django.tasks import TaskResult
from django.template import Context
from django.utils import timezone

from jobs.dashboard import output
from jobs.events.shapes import public_name
from jobs.lifecycle.prune import first_id_at
from jobs.models import Job
from jobs.status import Status

register = template.Library()

#: How long ago a view may have asked for the jobs that it shows. Those that came since are not among them.
QUERIED_WITHIN = timedelta(seconds=10)

type Shown = dict[str, Any]
type Given = Job | TaskResult[Any, Any]


@register.inclusion_tag("handoff/head.html", takes_context=True)
def handoff_head(context: Context) -> Shown:
    """The stylesheet and the module that the elements need; for <head>."""
    request = context.get("request")
    nonce = get_nonce(request) if request else None
    return {"nonce": None if nonce is None else str(nonce)}


@register.inclusion_tag("handoff/status.html")
def job_status(job: Given) -> Shown:
    return _shown(job)


@register.inclusion_tag("handoff/progress.html")
def job_progress(job: Given) -> Shown:
    """A bar with the text that the task gave."""
    return _shown(job)


@register.inclusion_tag("handoff/log.html")
def job_log(job: Given) -> Shown:
    """The lines that the job has logged."""
    shown = _shown(job)
    return {**shown, "lines": output.lines(shown["job"])}


@register.inclusion_tag("handoff/stream.html")
def job_stream(job: Given) -> Shown:
    """What the newest run of a streaming task has put out."""
    shown = _shown(job)
    return {**shown, "text": output.text(shown["job"])}


@register.inclusion_tag("handoff/list.html", takes_context=True)
def job_list(context: Context, jobs: Iterable[Job], owner: Any = None) -> Shown:
    """The given jobs, newest first, and those to come of `owner`, who is the page's user if it is not given."""
    owner = owner or context["request"].user
    since = first_id_at(timezone.now() - QUERIED_WITHIN)
    return {"owner": owner, "since": since, "rows": [_shown(job) for job in jobs]}


def _shown(given: Given) -> Shown:
    job = given if isinstance(given, Job) else Job.objects.get(id=given.id)
    status = Status(job.status)
    fraction = 1.0 if status == Status.SUCCESSFUL else job.progress
    return {
        "job": job,
        "status": status,
        "task": public_name(job.task_path),
        "fraction": f"{fraction:.4f}",
        "percent": int(fraction * 100),
    }
