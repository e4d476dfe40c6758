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
from jobs.api.problems import MEDIA_TYPE
from jobs.api.schemas import ProblemOut
from jobs.api.security import Document

#: Any operation may answer so.
EVERYWHERE = (401, 403, 405, 406, 500, 503)


class Api(NinjaAPI):
    """NinjaAPI with problems for errors."""

    def set_default_exception_handlers(self) -> None:
        # ninja's type for a handler allows for classes of exceptions, which it never passes.
        self.add_exception_handler(Exception, cast(Any, answer_exception))

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        document = Document(self, self.get_root_path({}))
        document["components"]["schemas"].update(
            _definitions(ProblemOut) | _definitions(Bulk) | submission_schemas()
        )
        for path in document["paths"].values():
            # As every GET does, HEAD answers too; the document need not say so twice.
            path.pop("head", None)
            for operation in path.values():
                operation["responses"] |= _refusals(EVERYWHERE)
        return document


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    _, schema = models_json_schema([(model, "validation")], ref_template=REF_TEMPLATE)
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def refuses(*statuses: int) -> dict[str, Any]:
    """For `openapi_extra`: the statuses of problems that this operation has besides those of all."""
    return {"responses": _refusals(statuses)}


def takes(
    media_type: str, schema: dict[str, Any], *others: tuple[str, dict[str, Any]], required: bool = True
) -> dict[str, Any]:
    """For `openapi_extra`: the body that this operation reads, in one media type or several."""
    content = {each: {"schema": of_it} for each, of_it in ((media_type, schema), *others)}
    return {"requestBody": {"required": required, "content": content}}


def hears(**headers: str) -> dict[str, Any]:
    """For `openapi_extra`: the headers that this operation heeds, each with what it is for."""
    parameters = [
        {
            "in": "header",
            "name": name.replace("_", "-"),
            "required": False,
            "schema": {"type": "string"},
            "description": description,
        }
        for name, description in headers.items()
    ]
    return {"parameters": parameters}


def gives(media_type: str, *refused: int) -> dict[str, Any]:
    """For `openapi_extra`: an answer that is not JSON, and the statuses of problems."""
    return {"responses": {200: {"content": {media_type: {}}}} | _refusals(refused)}


def _refusals(statuses: tuple[int, ...]) -> dict[int, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": REF_TEMPLATE.format(model=ProblemOut.__name__)}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content, **_headers(status)}
        for status in statuses
    }


def _headers(status: int) -> dict[str, Any]:
    name = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}.get(status)
    return {"headers": {name: {"schema": {"type": "string"}}}} if name else {}
