"""`/jobs/{id}/files/{name}`: what a job made."""

import asyncio
from typing import Annotated
from uuid import UUID

from django.core.files.base import File as ContentFile
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header
from ninja import Query, Router

from jobs.api.answers import WHO_ASKS
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.openapi import carries, hears, refuses, tells
from jobs.api.problems import Kind, Problem
from jobs.models import File, Scope

router = Router(tags=["files"])

CHUNK_BYTES = 256 * 1024
#: What a browser may show; the policy keeps even an SVG from running anything.
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/avif", "image/svg+xml"})
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@router.api_operation(
    list(SAFE_METHODS),
    "/jobs/{uuid:job_id}/files/{str:name}",
    auth=needs(Scope.READ, or_job_token=True),
    response={200: None, 304: None},
    openapi_extra=carries("application/octet-stream")
    | hears(If_None_Match="The ETag of the file that the caller has; if it is still that one, a 304.")
    | tells("ETag", "Content-Disposition")
    | tells("ETag", status=304)
    | refuses(404, 412),
)
async def download_file(
    request: ApiRequest, job_id: UUID, name: str, inline: Annotated[bool, Query()] = False
) -> HttpResponseBase:
    """A file that the job made, to be saved; with `inline=1` an image is shown instead."""
    file = await _find(request, job_id, name)
    described = _describe(HttpResponse(), file, inline)
    known = get_conditional_response(request, etag=described["ETag"], response=described)
    if known is not None and (known is not described or request.method == "HEAD"):
        return known
    return _describe(StreamingHttpResponse(Chunks(await _open(file))), file, inline)


async def _find(request: ApiRequest, job_id: UUID, name: str) -> File:
    visible = request.access.jobs().filter(id=job_id)
    # PostgreSQL refuses to look for a NUL, which no name has.
    file = None if "\0" in name else await File.objects.filter(job__in=visible, name=name).afirst()
    if file is None:
        raise Problem(Kind.NOT_FOUND, f"There is no file {name!r} of a job {job_id} of yours.")
    return file


async def _open(file: File) -> "ContentFile[bytes]":
    try:
        return await asyncio.to_thread(file.content.open, "rb")
    except FileNotFoundError as error:
        raise Problem(Kind.NOT_FOUND, f"The file {file.name!r} is not stored any more.") from error


def _describe[Answer: HttpResponseBase](answer: Answer, file: File, inline: bool) -> Answer:
    as_attachment = not (inline and file.content_type in SHOWN_INLINE)
    headers = {
        "Content-Type": file.content_type,
        "Content-Length": str(file.size),
        "Content-Disposition": content_disposition_header(as_attachment, file.name) or "inline",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        # A file that replaces another has an id of its own.
        "ETag": f'"{file.id.hex}"',
    }
    for name, value in headers.items():
        answer[name] = value
    patch_vary_headers(answer, WHO_ASKS)
    return answer


class Chunks:
    """A file's bytes, read in a thread. The response closes it, even when the client hung up before the first."""

    def __init__(self, content: "ContentFile[bytes]") -> None:
        self.content = content

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        chunk: bytes = await asyncio.to_thread(self.content.read, CHUNK_BYTES)
        if not chunk:
            raise StopAsyncIteration
        return chunk

    def close(self) -> None:
        self.content.close()
