"""Files of jobs: uploads that they read, results that they leave. Bytes go through Django's default storage."""

from functools import partial
from io import BytesIO
from typing import Any, BinaryIO
from uuid import UUID

from django.core.files.base import File as ContentFile
from django.db import Error, transaction

from jobs.errors import AttemptOver, InvalidInput, UploadNotFound
from jobs.models import File, Job
from jobs.models.file import MAX_NAME_LENGTH
from jobs.status import Status


def store_upload(*, owner_id: Any, name: str, content_type: str, content: "ContentFile[bytes]") -> File:
    """Keeps a file that its owner may then pass to a task by its id. If its row can't be stored, nothing is."""
    assert content.size is not None
    file = File(owner_id=owner_id, name=name, content_type=content_type, size=content.size)
    file.content.save("", content, save=False)
    try:
        file.save(force_insert=True)
    except Error:
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
    *, job_id: UUID, starts: int, owner_id: Any, name: str, content: "bytes | BinaryIO", content_type: str
) -> File:
    """Keeps a file that the job made; one of the same name from an earlier attempt is replaced.

    `starts` is the fence: raises AttemptOver, and keeps nothing, unless that start of the job is still running.
    """
    _check_name(name)
    stream = BytesIO(content) if isinstance(content, bytes) else content
    body: ContentFile[bytes] = ContentFile(stream, name=name)
    file = File(job_id=job_id, owner_id=owner_id, name=name, content_type=content_type, size=body.size)
    file.content.save("", body, save=False)
    try:
        with transaction.atomic():
            _lock(job_id, starts)
            _replace(file)
    except (Error, AttemptOver):
        file.content.delete(save=False)
        raise
    return file


def _check_name(name: str) -> None:
    is_unsafe = name in {"", ".", ".."} or "/" in name or "\\" in name or not name.isprintable()
    if is_unsafe or len(name) > MAX_NAME_LENGTH:
        raise InvalidInput(
            f"A file's name must be 1 to {MAX_NAME_LENGTH} printable characters without slashes, "
            f"and neither . nor .., got {name[: MAX_NAME_LENGTH + 1]!r}."
        )


def _lock(job_id: UUID, starts: int) -> None:
    """While the row is locked, the job can neither end nor be started anew. Raises AttemptOver."""
    held = Job.objects.select_for_update().filter(id=job_id, status=Status.RUNNING, starts=starts)
    if not held.only("id").first():
        raise AttemptOver


def _replace(file: File) -> None:
    assert file.job_id
    for old in File.objects.filter(job_id=file.job_id, name=file.name):
        old.delete()
        # A rollback must find them still there; and if they can't be deleted, the new file is stored all the same.
        transaction.on_commit(partial(old.content.delete, save=False), robust=True)
    file.save(force_insert=True)
