"""Files that users send: how they are kept, and whether those that a call names are the caller's."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import batched
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from pydantic import BaseModel

from jobs.arguments import Path, arguments_model, arguments_schema
from jobs.errors import InvalidArguments
from jobs.files import store_upload
from jobs.models import File
from jobs.models.file import MAX_NAME_LENGTH
from jobs.task import Task

type Schema = dict[str, Any]
#: Where the alternatives of a schema stand.
BRANCHES = ("anyOf", "oneOf", "allOf")
#: RFC 6838 §4.2, without parameters, and no longer than its column.
CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,49}/[a-z0-9!#$&^_.+-]{1,50}")
#: Ids that one query may name.
MAX_IDS = 1000
#: What follows a name's last dot is its ending if it has no more characters.
MAX_ENDING = 16


def keep_upload(content: "UploadedFile[Any]", owner_id: Any) -> File:
    """Stores a file from a form, under the name and the content type that its sender claims. Blocks."""
    return store_upload(
        owner_id=owner_id,
        name=_shortened(content.name or "file"),
        content_type=_sane(content.content_type or ""),
        content=content,
    )


def _shortened(name: str) -> str:
    """Keeps the ending, by which people and tasks tell what it is."""
    if len(name) <= MAX_NAME_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > MAX_ENDING:
        return name[:MAX_NAME_LENGTH]
    return f"{stem[: MAX_NAME_LENGTH - len(ending) - 1]}{dot}{ending}"


def _sane(content_type: str) -> str:
    claimed = content_type.lower()
    return claimed if CONTENT_TYPE.fullmatch(claimed) else "application/octet-stream"


async def misplaced_uploads(
    calls: Iterable[tuple[Task, dict[str, Any]]], owner_id: Any
) -> dict[int, InvalidArguments]:
    """What is wrong with the calls that name an upload which does not exist or is somebody else's, by their place."""
    named = {index: found for index, call in enumerate(calls) if (found := list(uploads_in(*call)))}
    known = await _known({_uuid(value) for found in named.values() for _, value in found}, owner_id)
    return {
        index: _misfit(missing)
        for index, found in named.items()
        if (missing := [(path, value) for path, value in found if _uuid(value) not in known])
    }


async def _known(ids: set[UUID | None], owner_id: Any) -> set[UUID]:
    """Those of the ids that are of the owner's uploads."""
    known: set[UUID] = set()
    for some in batched(filter(None, ids), MAX_IDS):
        known |= {file.id async for file in File.objects.uploads_of(owner_id).filter(id__in=some).only("id")}
    return known


def _misfit(missing: list[tuple[Path, str]]) -> InvalidArguments:
    problems = tuple((path, _sentence(value)) for path, value in missing)
    return InvalidArguments(" ".join(sentence for _, sentence in problems), problems)


def uploads_in(task: Task, arguments: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each upload's id among the arguments, with its place."""
    if not takes_uploads(task):
        return iter(())
    schema = arguments_schema(task)
    return _walk(schema, arguments, (), schema.get("$defs", {}))


def takes_uploads(task: Task) -> bool:
    """Whether any of its parameters is the id of an upload, or holds some."""
    return _names_uploads(arguments_model(task))


@cache
def _names_uploads(model: type[BaseModel]) -> bool:
    return '"format": "upload"' in json.dumps(model.model_json_schema())


def _walk(schema: Schema, value: Any, path: Path, definitions: Schema) -> Iterator[tuple[Path, str]]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if schema.get("format") == "upload" and isinstance(value, str):
        yield path, value
    for branch in (branch for name in BRANCHES for branch in schema.get(name, ())):
        yield from _walk(branch, value, path, definitions)
    for part, inner, item in _parts(schema, value):
        yield from _walk(inner, item, (*path, part), definitions)


def _parts(schema: Schema, value: Any) -> Iterable[tuple[str | int, Schema, Any]]:
    """The items of a list, or the members of an object, each with its schema."""
    if isinstance(value, list):
        prefix, rest = schema.get("prefixItems", []), schema.get("items")
        schemas = [*prefix, *[rest] * (len(value) - len(prefix))]
        pairs: Iterable[tuple[str | int, Any]] = zip(range(len(value)), schemas, strict=False)
    elif isinstance(value, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties")
        pairs = ((name, named.get(name, others)) for name in value)
    else:
        return []
    return [(part, inner, value[part]) for part, inner in pairs if isinstance(inner, dict)]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _sentence(value: str) -> str:
    return f"There is no upload {value[:40]!r} of yours; upload the file first and pass its id."
