"""Refuses bodies that are too large while they come: Django would first keep all of one on disk, whoever sends it.

Whose credentials those are is found out later; but who shows none at all has no file to send.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, parse_cookie

from jobs.api.exceptions import unauthenticated
from jobs.api.problems import Kind, Problem, problem_answer
from jobs.conf import options
from project.request_id import HEADER, name_of

#: The address that takes the largest JSON.
BATCH = "/api/v1/jobs/batch"

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def limit_body(application: Callable[..., Awaitable[None]]) -> Application:
    """The ASGI application behind that limit."""

    async def limited(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        limit, read = _limit(scope["path"], headers), 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return message if read <= limit else {"type": "http.disconnect"}

        if _announced(headers) <= limit:
            await application(scope, counted, send)
            if read <= limit:
                return
        await _refuse(scope, send, _problem(headers, limit), headers)

    return limited


def _limit(path: str, headers: dict[bytes, bytes]) -> int:
    """In bytes: a form may carry a file besides its fields, and a batch has many jobs."""
    fields = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if path == BATCH and _has_credentials(headers):
        return options().max_batch_bytes
    may_carry_a_file = _is_form_with_files(headers) and _has_credentials(headers)
    return fields + options().max_upload_bytes if may_carry_a_file else fields


def _is_form_with_files(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")


def _has_credentials(headers: dict[bytes, bytes]) -> bool:
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    is_bearer = headers.get(b"authorization", b"").lower().startswith(b"bearer ")
    return is_bearer or settings.SESSION_COOKIE_NAME in cookies


def _announced(headers: dict[bytes, bytes]) -> int:
    """Nothing for a body that is sent in chunks; a length that is no number is the server's to refuse."""
    length = headers.get(b"content-length", b"")
    # Of thousands of digits, be they zeros, Python makes no number.
    return int(length.lstrip(b"0")[:20] or 0) if length.isdigit() else 0


def _problem(headers: dict[bytes, bytes], limit: int) -> Problem:
    if _is_form_with_files(headers) and not _has_credentials(headers):
        return unauthenticated()
    return Problem(Kind.BODY_TOO_LARGE, f"Expected a body of at most {limit} bytes.", max_bytes=limit)


async def _refuse(
    scope: MutableMapping[str, Any], send: Send, problem: Problem, asked: dict[bytes, bytes]
) -> None:
    request = HttpRequest()
    request.path = scope["path"]
    answer = problem_answer(request, problem)
    # The rest of the body is not read, so the connection is of no use any more.
    name = name_of(asked.get(HEADER.lower().encode(), b"").decode("latin-1"))
    headers = [*answer.items(), ("Connection", "close"), (HEADER, name)]
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.content})
