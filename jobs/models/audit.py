"""Who did what to a job or a queue."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from jobs.models.token import MAX_NAME_CHARACTERS


class Action(models.TextChoices):
    """What somebody may do by hand."""

    CANCEL = "cancel"
    RETRY = "retry"
    #: A deferred job starts now.
    PROMOTE = "promote"
    #: Another priority.
    PRIORITIZE = "prioritize"
    PAUSE = "pause"
    RESUME = "resume"


class Via(models.TextChoices):
    """How it was asked for."""

    #: A browser that is signed in.
    SESSION = "session"
    #: An API token.
    TOKEN = "token"  # noqa: S105  no password
    #: manage.py.
    COMMAND = "command"
    #: A stock arq client.
    ARQ = "arq"
    #: The application's own code.
    CODE = "code"


class AuditRecord(models.Model):
    """One action; written in the transaction that did it, and never changed. It outlives the job."""

    #: UUIDv7: sorts by time.
    id: "models.UUIDField[UUID, UUID]" = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    action = models.CharField(max_length=10, choices=Action)
    #: Null: it was done to a queue.
    job_id = models.UUIDField(null=True)
    #: Empty: it was done to a job.
    queue_name = models.CharField(max_length=100, default="", blank=True)
    #: Null: nobody who is signed in, or a user who has been deleted.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    #: The user's name at that time, or the account that ran the command.
    by = models.CharField(max_length=150, default="", blank=True)
    via = models.CharField(max_length=7, choices=Via)
    #: Of the API token, which may have been deleted since.
    token_id = models.BigIntegerField(null=True)
    token_name = models.CharField(max_length=MAX_NAME_CHARACTERS, default="", blank=True)
    #: Of the client, as the web server saw it.
    address = models.GenericIPAddressField(null=True)
    #: What came of it, such as the job's new status; no values of arguments.
    outcome = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["job_id", "-id"], name="audit_of_job", condition=Q(job_id__isnull=False)),
            models.Index(fields=["user", "-id"], name="audit_of_user", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.by or self.via}: {self.action} {self.job_id or self.queue_name}"
