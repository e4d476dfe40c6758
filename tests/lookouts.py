"""No secret of the run may come to light: wherever one could, somebody looks; at the end the run answers for it.

We stand where everything has to pass: where a line of the log becomes text, where an answer leaves the application,
where a test's events go. What processes and servers leave behind is handed in by those who have started them: their
logs, their events, and the append-only file of a Valkey, in which all is that it was ever told to hold.
"""

from collections.abc import Callable, Iterator
from functools import reduce, wraps
from operator import or_
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.test import TransactionTestCase
from structlog.stdlib import ProcessorFormatter

from jobs.models import Event
from tests.leaks import leaks
from tests.planted import MARKS, READABLE, Secret, mark_what_is_made

#: Headers with addresses.
ADDRESSES = ("Location", "Content-Location", "Link", "Refresh")


@pytest.fixture(scope="session", autouse=True)
def no_leaks(session_folder: Path) -> Iterator[None]:
    """Fails the run, in each of its processes. Servers of the session ask for it, so that they have stopped by then."""
    mark_what_is_made()
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, lookout in (
            (ProcessorFormatter, "format", look_at_lines),
            (BaseHandler, "get_response_async", look_at_answers),
            (TransactionTestCase, "_post_teardown", look_at_events_first),
        ):
            patch.setattr(owner, name, lookout(getattr(owner, name)))
        yield
    leaks.look_into_folder(session_folder)
    if leaks.found:
        pytest.fail(f"Secrets have come to light.\n{leaks}", pytrace=False)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[Secret, str], str]:
    """What comes to light in this test, which answers for it itself."""
    monkeypatch.setattr(leaks, "found", {})
    return leaks.found


def look_at_lines(as_text: Callable[..., str]) -> Callable[..., str]:
    @wraps(as_text)
    def looking(*args: Any) -> str:
        line = as_text(*args)
        leaks.look("the log", line)
        return line

    return looking


def look_at_answers(answer: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(answer)
    async def looking(handler: BaseHandler, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = await answer(handler, request)
        look_into(response, request.method)
        return response

    return looking


def look_into(response: HttpResponse, method: str | None) -> None:
    """What was just made is shown once, to who asked for it. Other answers tell no secret, whoever asks."""
    for name in ADDRESSES:
        leaks.look("URLs", response.headers.get(name, ""), READABLE)
    if not response.streaming and (method == "GET" or response.status_code >= 400):
        leaks.look("pages", response.text, READABLE)


def look_at_events_first(end: Callable[..., None]) -> Callable[..., None]:
    @wraps(end)
    def looking(*args: Any) -> None:
        look_into_events()
        end(*args)

    return looking


def look_into_events() -> None:
    """The database does the searching, as there may be many thousands."""
    marked = reduce(or_, (Q(text__contains=mark) for mark in MARKS))
    told = Event.objects.annotate(text=Cast("data", TextField())).filter(marked)
    for text in told.values_list("text", flat=True):
        leaks.look("events", text)
