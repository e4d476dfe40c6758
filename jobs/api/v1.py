"""Version 1 of the API."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from ninja.openapi.schema import OpenAPISchema

from jobs.api import (
    actions,
    audit,
    batch,
    events,
    files,
    jobs,
    queues,
    tasks,
    tokens,
    uploads,
    verbs,
    webhooks,
)
from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, needs
from jobs.api.openapi import Api
from jobs.models import Scope

TAGS = {
    "tasks": "What can be called, and with which arguments.",
    "jobs": "Calls of tasks: submit, find, watch, cancel, retry.",
    "files": "What jobs read and make.",
    "queues": "What waits, and who works.",
    "audit": "Who did what by hand.",
    "access": "Short-lived credentials to hand on to pages.",
    "webhooks": "URLs that are told when jobs end.",
}

api = Api(
    title="Handoff",
    version="1",
    description="Hand slow work to a background worker. Errors are problem details (RFC 9457).",
    servers=[{"url": "/"}],
    openapi_extra={"tags": [{"name": name, "description": text} for name, text in TAGS.items()]},
    urls_namespace="api-v1",
    # An operation that forgets to say what it needs is closed to most tokens.
    auth=needs(Scope.ADMIN),
    # ninja's own view of the document takes any method; its page of docs would load scripts from elsewhere.
    openapi_url=None,
    docs_url=None,
)
for noun in (tasks, jobs, batch, actions, verbs, events, uploads, files, queues, audit, tokens, webhooks):
    api.add_router("", noun.router)


@api.api_operation(list(SAFE_METHODS), "/openapi.json", auth=None, include_in_schema=False)
@gives_json
async def show_document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return json_answer(_document())


@cache
def _document() -> OpenAPISchema:
    return api.get_openapi_schema()
