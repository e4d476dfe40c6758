"""A stored file: uploaded for a job to read, or made by a job for its owner."""

from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from uuid_utils.compat import uuid7

from jobs.models.job import Job

MAX_NAME_LENGTH = 150


def stored_path(file: "File", _name: str) -> str:
    """Where the bytes lie: the id alone, so that no name a user chose reaches the file system."""
    return f"files/{file.id.hex[-2:]}/{file.id.hex}"


class FileQuerySet(models.QuerySet["File"]):
    def uploads_of(self, owner_id: Any) -> Self:
        return self.filter(owner_id=owner_id, job=None)

    def unused(self) -> Self:
        """Uploads that no job names, or none any more."""
        return self.filter(job=None, used_by=None)


class File(models.Model):
    """Metadata in SQL, bytes in Django's default storage."""

    #: UUIDv7: sorts by the time of storing.
    id: "models.UUIDField[UUID, UUID]" = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    #: Who may read it, besides staff.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    #: The job that made it; null: an upload.
    job = models.ForeignKey(Job, null=True, on_delete=models.CASCADE, related_name="files")
    #: The jobs whose arguments name it, if it is an upload. No constraint: a job that names one which is pruned at that
    #: very moment is stored, and its task learns that the upload is gone.
    used_by = models.ManyToManyField(Job, related_name="+", db_constraint=False)
    #: As the user or the task named it, without folders.
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    #: As claimed by the uploader or set by the task; never trusted for anything but the download's header.
    content_type = models.CharField(max_length=100)
    #: In bytes.
    size = models.PositiveBigIntegerField()
    #: When it was stored; retention counts from it while no job names an upload.
    created_at = models.DateTimeField(auto_now_add=True)
    #: The bytes, under a path made of the id.
    content = models.FileField(upload_to=stored_path, max_length=200)

    objects = FileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "name"], name="file_name_once_a_job"),
        ]

    def __str__(self) -> str:
        return self.name
