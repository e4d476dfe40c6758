"""Which problem each exception comes to."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja.errors import AuthenticationError, ValidationError

from jobs.api.pointers import pointer
from jobs.api.problems import Kind, Problem, problem_answer
from jobs.api.quota import too_fast, too_many
from jobs.errors import (
    AlreadyEnded,
    ArgumentsTooLarge,
    BrokerUnavailable,
    JobNotFound,
    KeyReused,
    MayNotActForOthers,
    NotEnded,
    NotWaiting,
    UniqueKeyHeld,
    UnknownOwner,
    UnknownQueue,
    UnknownTask,
)
from jobs.lifecycle.quota import TooFast, TooManyJobs
from jobs.task import exposed_tasks

logger = logging.getLogger(__name__)

#: A database that restarts is back after so long.
RETRY_AFTER_SECONDS = 5


def answer_exception(request: HttpRequest, error: Exception) -> HttpResponse:
    """The response to a request whose answering raised `error`. Tells nothing of what is inside."""
    problem = as_problem(error)
    if problem.kind.status >= 500:
        log(request, problem, error)
    return problem_answer(request, problem)


def as_problem(error: Exception) -> Problem:
    """By the nearest class that is listed below."""
    found = next(_PROBLEMS[parent] for parent in type(error).__mro__ if parent in _PROBLEMS)
    return found(error)


def log(request: HttpRequest, problem: Problem, error: Exception | None = None) -> None:
    """One line for whoever looks for what the caller was told. What the driver raised says more than Django's name for
    it: DeadlockDetected, PoolTimeout."""
    logger.error(
        "%s %s got a %d (%s): %r",
        request.method,
        request.path,
        problem.kind.status,
        problem.members.get("correlation_id", problem.kind.slug),
        error and (error.__cause__ or error),
        exc_info=error if problem.kind is Kind.INTERNAL else None,
    )


def unauthenticated(reason: str = "") -> Problem:
    """RFC 6750 wants no error code when no token came."""
    challenge = 'Bearer error="invalid_token"' if reason else "Bearer"
    detail = reason or "Send a session cookie, or 'Authorization: Bearer <token>'."
    return Problem(Kind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def scope_missing(scope: str) -> Problem:
    """RFC 6750 §3.1."""
    detail = f"The token lacks the scope '{scope}'; make one that has it."
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    return Problem(Kind.MISSING_SCOPE, detail, headers={"WWW-Authenticate": challenge}, scope=scope)


def internal() -> Problem:
    """With an id by which the caller's report and the log line find each other."""
    correlation_id = str(uuid4())
    detail = f"It is logged here; quote {correlation_id} when you report it."
    return Problem(Kind.INTERNAL, detail, correlation_id=correlation_id)


def sentence(found: Any) -> str:
    """What pydantic found, as we say it."""
    return str(found["msg"]).removeprefix("Value error, ")


def _unreadable(error: Exception) -> Problem:
    return Problem(Kind.MALFORMED, f"The body could not be read: {error}")


def _misfit(error: ValidationError) -> Problem:
    """ninja's findings about query parameters; bodies are read by bodies.py."""
    errors = [{"parameter": _parameter(found["loc"]), "detail": sentence(found)} for found in error.errors]
    text = "; ".join(f"{each['parameter']}: {each['detail']}" for each in errors)
    return Problem(Kind.INVALID_REQUEST, f"The query does not fit: {text.rstrip('.')}.", errors=errors)


def _parameter(place: tuple[str | int, ...]) -> str:
    """("query", "listing", "status", 0) → "status"."""
    return next(part for part in reversed(place) if isinstance(part, str))


def _unknown_task(error: UnknownTask) -> Problem:
    errors = [{"pointer": pointer("task"), "detail": str(error)}]
    return Problem(Kind.UNKNOWN_TASK, str(error), errors=errors, known_tasks=list(exposed_tasks()))


def _unavailable(what: str) -> Problem:
    detail = f"{what}; try again in {RETRY_AFTER_SECONDS} seconds."
    return Problem(Kind.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _says(kind: Kind) -> Callable[[Exception], Problem]:
    """For errors whose message is the detail."""
    return lambda error: Problem(kind, str(error))


_PROBLEMS: dict[type[BaseException], Callable[[Any], Problem]] = {
    Problem: lambda problem: problem,
    AuthenticationError: lambda _: unauthenticated(),
    PermissionDenied: lambda _: Problem(Kind.FORBIDDEN, "Your account may not do that."),
    Http404: lambda _: Problem(Kind.NOT_FOUND, "There is nothing at this address for you."),
    RequestDataTooBig: lambda _: Problem(Kind.BODY_TOO_LARGE, "A body may take 1 MiB, besides its files."),
    SuspiciousOperation: _unreadable,
    MultiPartParserError: _unreadable,
    BadRequest: _unreadable,
    ValidationError: _misfit,
    UnknownTask: _unknown_task,
    ArgumentsTooLarge: _says(Kind.ARGUMENTS_TOO_LARGE),
    MayNotActForOthers: _says(Kind.FORBIDDEN),
    UnknownOwner: _says(Kind.UNKNOWN_OWNER),
    JobNotFound: _says(Kind.NOT_FOUND),
    AlreadyEnded: _says(Kind.ALREADY_ENDED),
    NotEnded: _says(Kind.NOT_ENDED),
    TooFast: too_fast,
    TooManyJobs: too_many,
    KeyReused: _says(Kind.KEY_REUSED),
    NotWaiting: _says(Kind.NOT_WAITING),
    UnknownQueue: _says(Kind.NOT_FOUND),
    UniqueKeyHeld: _says(Kind.UNIQUE_KEY_HELD),
    BrokerUnavailable: lambda _: _unavailable("Redis does not answer"),
    OperationalError: lambda _: _unavailable("The database does not answer"),
    InterfaceError: lambda _: _unavailable("The database does not answer"),
    Exception: lambda _: internal(),
}
