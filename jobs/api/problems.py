"""What can go wrong with a request, as RFC 9457 problem details."""

from enum import Enum
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

MEDIA_TYPE = "application/problem+json"
#: Each kind of problem is described there, under an anchor of its name.
DOCUMENTATION = "/docs/problems"
#: A body of many misfits is not answered by one of many megabytes.
MAX_ERRORS = 50
#: So many of them are in the sentence, too.
MAX_TOLD = 3


class Kind(Enum):
    """The kinds of problems; callers may rely on the names, which end the problem's `type`."""

    MALFORMED = "malformed", 400, "The request cannot be read"
    INVALID_KEY = "invalid-key", 400, "The Idempotency-Key cannot be read"
    UNAUTHENTICATED = "unauthenticated", 401, "Sign in, or send an API token"
    CSRF = "csrf", 403, "The CSRF token is missing or wrong"
    FORBIDDEN = "forbidden", 403, "You may not do that"
    MISSING_SCOPE = "missing-scope", 403, "The token is not for that"
    NOT_FOUND = "not-found", 404, "There is no such thing"
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "This address does not take that method"
    NOT_ACCEPTABLE = "not-acceptable", 406, "The answer is JSON, which the request does not accept"
    ALREADY_ENDED = "already-ended", 409, "The job has ended"
    NOT_ENDED = "not-ended", 409, "The job has not ended"
    NOT_WAITING = "not-waiting", 409, "The job does not wait"
    UNIQUE_KEY_HELD = "unique-key-held", 409, "A newer job holds the same unique key"
    IN_PROGRESS = "in-progress", 409, "The request with this Idempotency-Key is still being answered"
    TOO_MANY_WEBHOOKS = "too-many-webhooks", 409, "You have as many webhooks as one may have"
    WEBHOOK_DISABLED = "webhook-disabled", 409, "The webhook is disabled"
    PRECONDITION_FAILED = "precondition-failed", 412, "It is not in the state that the request names"
    BODY_TOO_LARGE = "body-too-large", 413, "The body is too large"
    FILE_TOO_LARGE = "file-too-large", 413, "The file is too large"
    ARGUMENTS_TOO_LARGE = "arguments-too-large", 413, "The arguments are too large"
    BATCH_TOO_LARGE = "batch-too-large", 413, "The batch has too many jobs"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", 415, "The body has the wrong content type or coding"
    INVALID_REQUEST = "invalid-request", 422, "The request does not fit"
    UNKNOWN_TASK = "unknown-task", 422, "There is no such task"
    UNKNOWN_OWNER = "unknown-owner", 422, "There is no such user"
    UNKNOWN_QUEUE = "unknown-queue", 422, "There is no such queue"
    UNKNOWN_WEBHOOK = "unknown-webhook", 422, "There is no such webhook"
    INVALID_ARGUMENTS = "invalid-arguments", 422, "The arguments do not fit the task"
    INVALID_BATCH = "invalid-batch", 422, "Some jobs of the batch do not fit"
    KEY_REUSED = "key-reused", 422, "The Idempotency-Key came before with another request"
    RATE_LIMITED = "rate-limited", 429, "You submit too fast"
    TOO_MANY_JOBS = "too-many-jobs", 429, "Too many of your jobs wait or run"
    INTERNAL = "internal", 500, "Something went wrong here"
    UNAVAILABLE = "unavailable", 503, "What it needs does not answer"

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def type(self) -> str:
        return f"{DOCUMENTATION}#{self.slug}"


#: What an answer that was made outside of this API comes to; other statuses have no type.
BY_STATUS = {
    400: Kind.MALFORMED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    405: Kind.METHOD_NOT_ALLOWED,
    412: Kind.PRECONDITION_FAILED,
    413: Kind.BODY_TOO_LARGE,
    500: Kind.INTERNAL,
    503: Kind.UNAVAILABLE,
}


class Problem(Exception):
    """Raised by what answers a request, to answer with a problem instead.

    `errors`: one entry a misfit, with `detail` and either `pointer` (a JSON Pointer into the body) or `parameter`.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.members = members


def told(errors: list[dict[str, str]]) -> str:
    """The first of the misfits, for the sentence that people read."""
    return "; ".join(f"{each['pointer']}: {each['detail']}" for each in errors[:MAX_TOLD]).rstrip(".")


def problem_answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as the response to this request."""
    kind = problem.kind
    body = problem_json(kind.type, kind.title, kind.status, problem.detail, request.path) | problem.members
    if problem.errors is not None:
        body["errors"] = problem.errors[:MAX_ERRORS]
    return _answer(kind.status, body, problem.headers)


def untyped_answer(request: HttpRequest, status: int) -> HttpResponse:
    """A problem that says no more than its HTTP status."""
    title = HTTPStatus(status).phrase
    return _answer(status, problem_json("about:blank", title, status, f"{title}.", request.path), {})


def problem_json(type_: str, title: str, status: int, detail: str, path: str) -> dict[str, Any]:
    return {
        "type": type_,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": escape_uri_path(path),
    }


def _answer(status: int, body: dict[str, Any], headers: dict[str, str]) -> HttpResponse:
    content = msgspec.json.encode(body)
    headers = {"Cache-Control": "no-store", "Content-Length": str(len(content)), **headers}
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE, headers=headers)
