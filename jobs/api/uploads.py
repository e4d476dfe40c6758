"""`/uploads`: files for jobs to read."""

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import ApiRequest, needs
from jobs.api.bodies import MULTIPART, read_file
from jobs.api.openapi import refuses, takes
from jobs.api.schemas.upload import UploadOut
from jobs.models import File, Scope
from jobs.uploads import keep_upload

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
    auth=needs(Scope.WRITE),
    response={201: UploadOut},
    openapi_extra=takes(MULTIPART, FORM) | refuses(415),
)
async def upload_file(request: ApiRequest) -> HttpResponse:
    """Keeps a file; pass its id to a task that takes an upload."""
    file = await sync_to_async(_receive)(request)
    body = {"id": str(file.id), "name": file.name, "size": file.size, "content_type": file.content_type}
    return json_answer(body, 201)


def _receive(request: ApiRequest) -> File:
    """Parsing and storing block: Django streams the parts to temporary files, so memory stays flat."""
    return keep_upload(read_file(request, FIELD), request.auth.pk)
