"""What schemathesis can't know about this API. It loads this file by itself; see schemathesis.toml."""

import json
import re
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

#: Ids of other things that are not there: a string of the right form, and yet wrong.
_ABSENT = "There is no (upload|webhook) "
#: What no argument may hold, however deep within: the document says so in words.
_UNSTORABLE = "Has a NUL character|Is a whole number that does not fit into 64 bits|Is nested deeper"
_UNSAYABLE = re.compile(f"{_ABSENT}|{_UNSTORABLE}")
#: JSON within a string: `contentSchema` says what it is, and schemathesis does not read that.
_NESTED = ("args", "/filter/args")


@schemathesis.hook
def map_headers(context: HookContext, headers: dict[str, Any] | None) -> dict[str, Any]:
    """In nobody else's name, which would be a 403 each time (an identity of its own acts for others); and not for
    long: a job may wait, and a request with it."""
    return {
        name: re.sub(r"wait=\d+", "wait=1", str(value)) if name == "Prefer" else value
        for name, value in (headers or {}).items()
        if name != "Handoff-Owner"
    }


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Lets pass that a request was refused which keeps to the document and is wrong all the same; and that one was
    taken which has nothing against it but a header that nobody knows: that is no error (RFC 9110 §5.1)."""
    if isinstance(failure, AcceptedNegativeData):
        return "in header - object with unexpected properties" not in failure.message
    return not (isinstance(failure, RejectedPositiveData) and _is_beyond_the_document(case, response))


def _is_beyond_the_document(case: Case[Any], response: Response) -> bool:
    problem = json.loads(response.content)
    _, _, slug = problem["type"].partition("#")
    if slug == "key-reused":  # the fuzzer sends a key with one body, then with another
        return True
    if slug == "invalid-arguments" and case.path.endswith("/retries"):  # they depend on the task of that job
        return True
    errors = problem.get("errors", [])
    return bool(errors) and all(_is_unsayable(error) for error in errors)


def _is_unsayable(error: dict[str, str]) -> bool:
    place = error.get("parameter", error.get("pointer"))
    return place in _NESTED or bool(_UNSAYABLE.match(error["detail"]))
