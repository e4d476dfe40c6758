"""Find, call one verb, answer. SQL and templates run in a thread, never on the loop."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_safe

from jobs.dashboard import form as forms
from jobs.dashboard import timeline as timelines
from jobs.dashboard.card import Form, cards, task_summary
from jobs.dashboard.form import Form as JobForm
from jobs.errors import ArgumentsTooLarge, InvalidArguments, UnknownTask
from jobs.lifecycle.quota import OverQuota, admitted
from jobs.models import Job
from jobs.status import ENDED
from jobs.task import Task, exposed_tasks, find_exposed_task

#: Jobs on one page of the list.
PAGE = 20
#: When there are more tasks, their list is folded.
MAX_LISTED_TASKS = 8
NO_SUCH_JOB = "There is no such job, or it belongs to somebody else."


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
async def home(request: HttpRequest) -> HttpResponse:
    """A form to start a job with, and the jobs, newest first."""
    return await (_submit(request) if request.method == "POST" else sync_to_async(_show)(request))


async def _submit(request: HttpRequest) -> HttpResponse:
    """Enqueues what the form asks for, or shows it again with what is wrong."""
    user = await request.auser()
    form = await sync_to_async(_read_form)(request, user)
    if not form.is_valid:
        return await sync_to_async(_show)(request, form, 422)
    chosen, status = form.task.using(owner=user, **form.options.changes), 422
    try:
        async with admitted(user.pk, 1):
            result = await chosen.aenqueue(**form.arguments)
    except InvalidArguments as error:
        form.refuse(error)
    except ArgumentsTooLarge as error:
        form.error = str(error)
    except OverQuota as error:
        form.error, status = str(error), 429
    else:
        return HttpResponseRedirect(f"{reverse('home')}?job={result.id}#job-{result.id}", status=303)
    return await sync_to_async(_show)(request, form, status)


def _read_form(request: HttpRequest, user: Any) -> JobForm:
    try:
        task = find_exposed_task(request.POST.get("task", ""))
    except UnknownTask as error:
        raise Http404(str(error)) from error
    return forms.read(task, request.POST, request.FILES, user.pk)


def _show(request: HttpRequest, refused: JobForm | None = None, status: int = 200) -> HttpResponse:
    user, tasks = request.user, exposed_tasks()
    visible = Job.objects.visible_to(user)
    opened_id = _uuid(request.GET.get("job"))
    opened = visible.filter(id=opened_id).first() if opened_id else None
    task = refused.task if refused else _chosen_task(request, tasks, opened)
    before = _uuid(request.GET.get("before"))
    shown, has_older = _page(visible, before)
    context = {
        "user": user,
        "tasks": list(tasks.values()),
        "task": task,
        "max_listed": MAX_LISTED_TASKS,
        "form": refused or (forms.blank(task) if task else None),
        "cards": cards(shown, user, {opened.id: Form.OPEN} if opened else {}),
        "older": shown[-1].id if has_older else None,
        "before": before,
        # Refreshing would wipe what somebody who picked a task is about to fill in.
        "refreshes": not refused and "task" not in request.GET and _any_unfinished(shown),
    }
    return _answer(request, "dashboard/home.html", context, status)


def _chosen_task(request: HttpRequest, tasks: dict[str, Task], opened: Job | None) -> Task | None:
    """The one asked for; else that of the job in view; else the first."""
    if asked := request.GET.get("task"):
        try:
            return find_exposed_task(asked)
        except UnknownTask as error:
            raise Http404(str(error)) from error
    by_path = {task.module_path: task for task in tasks.values()}
    first = next(iter(tasks.values()), None)
    return by_path.get(opened.task_path, first) if opened else first


def _page(visible: Any, before: UUID | None) -> tuple[list[Job], bool]:
    """The newest jobs, or those older than `before`; and whether there are older ones."""
    older = visible.filter(id__lt=before) if before else visible
    found = list(older.full().select_related("owner").order_by("-id")[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def _any_unfinished(jobs: list[Job]) -> bool:
    return any(job.status not in ENDED for job in jobs)


@require_safe
@login_required
async def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One job with all that is known of it."""
    return await sync_to_async(_show_job)(request, job_id, "dashboard/job.html")


@require_safe
@login_required
async def card(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The card alone, for a page that is already open; `?as=` names its form there."""
    return await sync_to_async(_show_job)(request, job_id, "dashboard/card.html", asked_form(request))


def asked_form(request: HttpRequest) -> Form:
    """The form that the card in question has on its page."""
    asked = request.GET.get("as", Form.BRIEF)
    return Form(asked) if asked in Form else Form.BRIEF


@require_safe
@login_required
async def timeline(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The timeline alone, for a page that is already open."""
    return await sync_to_async(_show_job)(request, job_id, "dashboard/timeline.html")


def _show_job(request: HttpRequest, job_id: UUID, template: str, form: Form = Form.ALONE) -> HttpResponse:
    found = _find(request, job_id)
    context = {
        "user": request.user,
        "card": cards([found], request.user, {found.id: form})[0],
        "summary": task_summary(found),
        "timeline": timelines.timeline(found),
        "refreshes": found.status not in ENDED,
    }
    return _answer(request, template, context)


def _find(request: HttpRequest, job_id: UUID) -> Job:
    try:
        return Job.objects.visible_to(request.user).full().select_related("owner").get(id=job_id)
    except Job.DoesNotExist as error:
        raise Http404(NO_SUCH_JOB) from error


def _answer(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Never from a cache: going back to a page must not show jobs as they were."""
    response = render(request, template, context, status=status)
    add_never_cache_headers(response)
    return response


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
