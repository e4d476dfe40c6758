"""Problems for what is answered before or around this API: unknown addresses, wrong methods, bad hosts."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from jobs.api.exceptions import internal, log
from jobs.api.problems import BY_STATUS, MEDIA_TYPE, Kind, Problem, problem_answer, untyped_answer

PREFIX = "/api/"
DETAILS = {
    Kind.MALFORMED: "The request was refused as malformed; look at its Host header and its encoding.",
    Kind.NOT_FOUND: "There is nothing at this address; all addresses are in /api/v1/openapi.json.",
    Kind.PRECONDITION_FAILED: "Ask without If-Match, and look at the ETag.",
    Kind.METHOD_NOT_ALLOWED: "Use one of the methods that the Allow header lists.",
}


@sync_and_async_middleware
def problems(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Turns every error under /api/ that is not a problem yet into one. To be the outermost middleware."""
    if iscoroutinefunction(get_response):
        answer: Callable[[HttpRequest], Awaitable[HttpResponse]] = get_response

        async def amiddleware(request: HttpRequest) -> HttpResponse:
            return as_problem(request, await answer(request))

        return amiddleware

    def middleware(request: HttpRequest) -> HttpResponse:
        return as_problem(request, get_response(request))

    return middleware


def as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response itself unless it is an error in another form than ours."""
    if response.status_code < 400 or not request.path_info.startswith(PREFIX):
        return response
    if response.get("Content-Type") == MEDIA_TYPE:
        return response
    answer = _answer(request, response.status_code)
    if "Allow" in response:
        answer["Allow"] = ", ".join(sorted(response["Allow"].split(", ")))
    return answer


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    kind = BY_STATUS.get(status)
    if kind is None:
        return untyped_answer(request, status)
    if kind is Kind.INTERNAL:
        problem = internal()
        log(request, problem)
        return problem_answer(request, problem)
    return problem_answer(request, Problem(kind, DETAILS.get(kind, f"{kind.title}.")))
