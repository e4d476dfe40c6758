"""The OpenAPI document: what ninja gathers, and what it has no words for."""

from http import HTTPStatus
from typing import Any, cast

from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from jobs.api.bulk import Bulk
from jobs.api.contract import submission_schemas
from jobs.api.exceptions import answer_exception
from jobs.api.headers import ANSWERED, parameter, references
from jobs.api.links import links, links_of
from jobs.api.problems import MEDIA_TYPE
from jobs.api.schemas.problem import ProblemOut
from jobs.api.security import Document

#: Any operation may answer so: 400 to a token in its address, 413 to a body that it does not even read, 422 to the name
#: of nobody for whom to act.
EVERYWHERE = (400, 401, 403, 405, 406, 413, 422, 500, 503)
#: Headers of problems, by status.
OF_PROBLEMS = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    405: ("Allow",),
    409: ("Retry-After",),
    415: ("Accept", "Accept-Encoding"),
    429: ("RateLimit", "RateLimit-Policy", "Retry-After"),
    503: ("Retry-After",),
}


class Api(NinjaAPI):
    """NinjaAPI with problems for errors."""

    def set_default_exception_handlers(self) -> None:
        # ninja's type for a handler allows for classes of exceptions, which it never passes.
        self.add_exception_handler(Exception, cast(Any, answer_exception))

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        document = Document(self, self.get_root_path({}))
        components = document["components"]
        components["schemas"].update(_definitions(ProblemOut) | _definitions(Bulk) | submission_schemas())
        components["headers"] = ANSWERED
        components["links"] = links()
        for path in document["paths"].values():
            # As every GET does, HEAD answers too; the document need not say so twice.
            path.pop("head", None)
            for operation in path.values():
                operation["responses"] |= _refusals(EVERYWHERE)
                for response in operation["responses"].values():
                    _complete(response)
        return document


def _complete(response: dict[str, Any]) -> None:
    """Adds the header that every answer has, and where its body leads."""
    response["headers"] = response.get("headers", {}) | references("X-Request-ID")
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    if found := links_of(schema.get("$ref", "").rpartition("/")[2]):
        response["links"] = found


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    _, schema = models_json_schema([(model, "validation")], ref_template=REF_TEMPLATE)
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


class Said(dict[str, Any]):
    """A part of `openapi_extra`. `|` keeps what both say of the same answer."""

    def __or__(self, other: dict[str, Any]) -> "Said":  # type: ignore[override]
        return Said(_joined(self, other))


def _joined(one: dict[Any, Any], other: dict[Any, Any]) -> dict[Any, Any]:
    both = {
        name: _joined(one[name], value) if isinstance(value, dict) and name in one else value
        for name, value in other.items()
    }
    return {**one, **both}


def refuses(*statuses: int) -> Said:
    """For `openapi_extra`: the statuses of problems that this operation has besides those of all."""
    return Said(responses=_refusals(statuses))


def tells(*headers: str, status: int = 200) -> Said:
    """For `openapi_extra`: the headers that the answer may have."""
    return Said(responses={status: {"headers": references(*headers)}})


def takes(
    media_type: str, schema: dict[str, Any], *others: tuple[str, dict[str, Any]], required: bool = True
) -> Said:
    """For `openapi_extra`: the body that this operation reads, in one media type or several."""
    content = {each: {"schema": of_it} for each, of_it in ((media_type, schema), *others)}
    return Said(requestBody={"required": required, "content": content})


def hears(**headers: str) -> Said:
    """For `openapi_extra`: the headers that this operation heeds, each with what it is for."""
    return Said(
        parameters=[parameter(name.replace("_", "-"), description) for name, description in headers.items()]
    )


def carries(media_type: str) -> Said:
    """For `openapi_extra`: an answer that is not JSON."""
    return Said(responses={200: {"content": {media_type: {}}}})


def _refusals(statuses: tuple[int, ...]) -> dict[int, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": REF_TEMPLATE.format(model=ProblemOut.__name__)}}}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": content,
            "headers": references(*OF_PROBLEMS.get(status, ())),
        }
        for status in statuses
    }
