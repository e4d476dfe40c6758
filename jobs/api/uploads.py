"""`/uploads`: files for jobs to read."""

import re

from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import ApiRequest
from jobs.api.bodies import MULTIPART, read_file
from jobs.api.openapi import refuses, takes
from jobs.api.schemas import UploadOut
from jobs.files import store_upload
from jobs.models import File
from jobs.models.file import MAX_NAME_LENGTH

router = Router(tags=["files"])
router.add_decorator(gives_json, mode="view")

FIELD = "file"
FORM = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "string", "contentMediaType": "application/octet-stream"}},
}


@router.post(
    "/uploads",
    response={201: UploadOut},
    openapi_extra=takes(MULTIPART, FORM) | refuses(400, 403, 413, 415, 422),
)
async def upload_file(request: ApiRequest) -> HttpResponse:
    """Keeps a file; pass its id to a task that takes an upload."""
    file = await sync_to_async(_receive)(request)
    body = {"id": str(file.id), "name": file.name, "size": file.size, "content_type": file.content_type}
    return json_answer(body, 201)


def _receive(request: ApiRequest) -> File:
    """Parsing and storing block: Django streams the parts to temporary files, so memory stays flat."""
    content = read_file(request, FIELD)
    return store_upload(
        owner_id=request.auth.pk, name=_name(content), content_type=_content_type(content), content=content
    )


def _name(content: "UploadedFile[bytes]") -> str:
    """Too long a name loses its middle, not its ending."""
    name = content.name or FIELD
    if len(name) <= MAX_NAME_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    ending = f"{dot}{ending}"[:20] if stem else ""
    return name[: MAX_NAME_LENGTH - len(ending)] + ending


def _content_type(content: "UploadedFile[bytes]") -> str:
    claimed = (content.content_type or "").lower()
    is_sane = re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,49}/[a-z0-9!#$&^_.+-]{1,50}", claimed)
    return claimed if is_sane else "application/octet-stream"
