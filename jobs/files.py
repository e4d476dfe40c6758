"""Files of jobs: uploads that they read, results that they leave. Bytes go through Django's default storage."""

from io import BytesIO
from typing import Any, BinaryIO
from uuid import UUID

from django.core.files.base import File as ContentFile
from django.db import DatabaseError, transaction

from jobs.errors import InvalidInput, UploadNotFound
from jobs.models import File
from jobs.models.file import MAX_NAME_LENGTH


def store_upload(*, owner_id: Any, name: str, content_type: str, content: "ContentFile[bytes]") -> File:
    """Keeps a file that its owner may then pass to a task by its id. If its row can't be stored, nothing is."""
    assert content.size is not None
    file = File(owner_id=owner_id, name=name, content_type=content_type, size=content.size)
    file.content.save("", content, save=False)
    try:
        file.save(force_insert=True)
    except DatabaseError:
        file.content.delete(save=False)
        raise
    return file


def open_upload(upload_id: str, owner_id: Any) -> "ContentFile[bytes]":
    """The upload's bytes, for reading; its `name` is the one that the user gave. Raises UploadNotFound."""
    try:
        file = File.objects.uploads_of(owner_id).get(id=UUID(upload_id))
        content = file.content.open("rb")
    except (File.DoesNotExist, ValueError, FileNotFoundError) as error:
        raise UploadNotFound(
            f"There is no upload {upload_id!r} of this job's owner; upload the file first."
        ) from error
    opened: ContentFile[bytes] = ContentFile(content.file, name=file.name)
    opened.size = file.size
    return opened


def store_result(
    *, job_id: UUID, owner_id: Any, name: str, content: "bytes | BinaryIO", content_type: str
) -> File:
    """Keeps a file that the job made; one of the same name from an earlier attempt is replaced."""
    _check_name(name)
    stream = BytesIO(content) if isinstance(content, bytes) else content
    body: ContentFile[bytes] = ContentFile(stream, name=name)
    file = File(job_id=job_id, owner_id=owner_id, name=name, content_type=content_type, size=body.size)
    file.content.save("", body, save=False)
    with transaction.atomic():
        replaced = list(File.objects.filter(job_id=job_id, name=name))
        File.objects.filter(job_id=job_id, name=name).delete()
        file.save(force_insert=True)
    for old in replaced:
        old.content.delete(save=False)
    return file


def _check_name(name: str) -> None:
    if not name or len(name) > MAX_NAME_LENGTH or "/" in name or "\\" in name or not name.isprintable():
        raise InvalidInput(
            f"A file's name must be 1 to {MAX_NAME_LENGTH} printable characters without slashes, got {name!r}."
        )
