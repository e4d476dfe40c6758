"""The socket's protocol as an AsyncAPI 3 document: https://www.asyncapi.com/docs/reference/specification/v3.0.0"""

from functools import cache
from typing import Any, get_args

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from consumers.protocol import MAX_FRAME_CHARACTERS, MAX_SUBSCRIPTIONS, SUBPROTOCOL, Close, Frame

ADDRESS = "/ws/v1/live"
#: A job has one shape, which HTTP and sockets share.
JOB = {"$ref": "/api/v1/openapi.json#/components/schemas/JobOut"}

DESCRIPTION = f"""A socket watches topics, up to {MAX_SUBSCRIPTIONS}: `job:<id>`, `owner:<user id>`, for staff `ops`.
Each begins with a snapshot, or with the events after the position that the client names; then come all later events,
in order and without gaps. After a `reset` what the client knows of the topic is no longer good. An event may come
twice, never out of order: drop those whose `seq` is not above the last one of the same job."""

CLOSES = {
    Close.BAD_FRAME: "bad frame",
    Close.NOT_SIGNED_IN: "not signed in, or not any more",
    Close.FORBIDDEN: "forbidden",
    Close.TOO_SLOW: "too slow: a message could not be sent for 10 s",
    Close.TOO_MANY: "too many frames, topics or sockets",
    Close.RESTART: "restart: come back",
    Close.TRY_AGAIN: "the database is away: come back later",
}


@csrf_exempt  # who uses another method than these is to be told so
@require_safe
async def show_document(_request: HttpRequest) -> HttpResponse:
    """The document, for everybody."""
    return HttpResponse(_encoded(), content_type="application/json")


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    heard, spoken = _client_schemas(), _server_schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Handoff live", "version": "1", "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": ADDRESS,
                "description": f"Subprotocol `{SUBPROTOCOL}`; frames of JSON text, of clients at most "
                f"{MAX_FRAME_CHARACTERS} characters. Close codes: "
                + "; ".join(f"{code.value} {meaning}" for code, meaning in CLOSES.items())
                + ".",
                "messages": {name: _ref("messages", name) for name in [*heard, *spoken]},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {
            "listen": {"action": "receive", **_operation(heard)},
            "tell": {"action": "send", **_operation(spoken)},
        },
        "components": {
            "messages": {name: {"payload": _ref("schemas", name)} for name in [*heard, *spoken]},
            "schemas": {**heard, **spoken},
        },
    }


def _operation(schemas: dict[str, Any]) -> dict[str, Any]:
    live = "#/channels/live"
    return {"channel": {"$ref": live}, "messages": [{"$ref": f"{live}/messages/{name}"} for name in schemas]}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _client_schemas() -> dict[str, Any]:
    """What the consumer decodes by."""
    _, schemas = msgspec.json.schema_components(
        get_args(Frame.__value__), ref_template="#/components/schemas/{name}"
    )
    return schemas


def _server_schemas() -> dict[str, Any]:
    return {
        **{
            f"{kind.title()}Of{of}": _message(kind, topic=_topic(pattern), **fields)
            for kind in ("snapshot", "reset")
            for of, pattern, fields in (
                ("Job", "^job:", {"job": JOB, "seq": SEQ}),
                ("Owner", "^owner:", {"jobs": {"type": "array", "items": JOB}, "cursor": CURSOR}),
                ("Ops", "^ops$", {"queues": OBJECTS, "workers": OBJECTS}),
            )
        },
        **{
            f"{kind.title()}Event": _message(
                "event",
                topic=_topic("^(job|owner):"),
                job_id={"type": "string", "format": "uuid"},
                seq=SEQ,
                kind={"const": kind},
                at=AT,
                data=data,
                cursor_=CURSOR,
            )
            for kind, data in DATA.items()
        },
        "OpsEvent": _message(
            "event",
            topic=_topic("^ops$"),
            kind={"const": "state"},
            at=AT,
            data=_object(queues=OBJECTS, workers=OBJECTS),
        ),
        "Error": _message(
            "error",
            code={"enum": ["bad_frame", "not_found", "unavailable"]},
            detail={"type": "string"},
            topic_={"type": "string"},
        ),
        "Pong": _message("pong"),
    }


def _message(type_: str, /, **fields: Any) -> dict[str, Any]:
    return _object(type={"const": type_}, **fields)


def _object(**fields: Any) -> dict[str, Any]:
    """A field whose name ends in an underscore, which is not part of it, may be missing."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in fields.items()},
        "required": [name for name in fields if not name.endswith("_")],
        "additionalProperties": False,
    }


def _topic(pattern: str) -> dict[str, str]:
    return {"type": "string", "pattern": pattern}


SEQ = {"type": "integer", "minimum": 1, "description": "Of the job's newest event; give it back as `after`."}
CURSOR = {"type": "integer", "description": "How far the feed is; give it back as `after`."}
AT = {"type": "string", "format": "date-time"}
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
OBJECTS = {"type": "array", "items": {"type": "object"}}
#: What an event tells, by its kind.
DATA = {
    "status": _object(
        status=TEXT,
        attempt=COUNT,
        max_attempts=COUNT,
        reason_=TEXT,
        worker_id_=TEXT,
        run_after_={"type": ["string", "null"]},
    ),
    "progress": _object(fraction={"type": "number", "minimum": 0, "maximum": 1}, text=TEXT),
    "log": _object(attempt=COUNT, level=TEXT, text=TEXT),
    "chunk": _object(attempt=COUNT, index=COUNT, value={}),
}
