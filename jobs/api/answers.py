"""JSON answers, and when they are not given."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from jobs.access import OWNER_HEADER
from jobs.api.problems import Kind, Problem, problem_answer

#: The headers that say so: what one asker gets is not for another.
WHO_ASKS = ("Authorization", "Cookie", OWNER_HEADER)

type Answering = Callable[..., Awaitable[HttpResponseBase]]


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """JSON that only the asker may keep, and must ask about again."""
    answer = HttpResponse(
        msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "private, no-cache", **(headers or {})},
    )
    patch_vary_headers(answer, WHO_ASKS)
    return answer


def empty_answer() -> HttpResponse:
    """204, which has no content type, and which no cache may keep."""
    answer = HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    del answer["Content-Type"]
    return answer


def gives(*media_types: str) -> Callable[[Answering], Answering]:
    """Refuses a request that accepts none of these."""
    # JSON has no `charset`, and many clients ask for one (RFC 8259 §11).
    taken = [*media_types, "application/json; charset=utf-8", "application/json; charset=UTF-8"]

    def decorate(run: Answering) -> Answering:
        @wraps(run)
        async def refusing(request: HttpRequest, **parameters: Any) -> HttpResponseBase:
            accepted = request.headers.get("Accept")
            if accepted and not request.get_preferred_type(taken):
                detail = (
                    f"This address answers in {' or '.join(media_types)}, got 'Accept: {accepted[:100]}'."
                )
                return problem_answer(request, Problem(Kind.NOT_ACCEPTABLE, detail))
            return await run(request, **parameters)

        return refusing

    return decorate


gives_json = gives("application/json")
