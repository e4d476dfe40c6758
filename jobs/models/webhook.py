"""Whom to tell when a job ends, and what became of it."""

import base64
import secrets
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from jobs.cipher import decrypt, encrypt
from jobs.models.job import Job

#: Standard Webhooks marks secrets with it.
PREFIX = "whsec_"
#: Bytes of a new secret; Standard Webhooks asks for 24 to 64.
SECRET_BYTES = 32
PURPOSE = "webhook secrets"
#: How long the secret before a change still signs, next to the new one.
OVERLAP = timedelta(hours=24)
MAX_URL_LENGTH = 2000
MAX_DESCRIPTION_LENGTH = 200
MAX_REASON_LENGTH = 300


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def visible_to(self, user: Any) -> Self:
        """As with jobs: all for staff, their own for others, none for who is not signed in."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_staff else self.filter(owner_id=user.pk)


class WebhookEndpoint(models.Model):
    """A URL of its owner's that is told of the ends of those jobs that name it."""

    id: "models.UUIDField[UUID, UUID]" = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=MAX_URL_LENGTH)
    #: What the owner says of it.
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, blank=True)
    #: What its deliveries are signed with, encrypted.
    secret = models.TextField()
    #: The one before the last change, encrypted; empty: there was none.
    former_secret = models.TextField(blank=True)
    #: Until when that one signs too; null: there was none.
    former_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Since when it is told nothing; null: it is told.
    disabled_at = models.DateTimeField(null=True)
    #: Why, for its owner to read; empty while it is told.
    disabled_reason = models.CharField(max_length=MAX_REASON_LENGTH, blank=True)
    #: The first failed try since one succeeded; null: the last one did, or there was none.
    failing_since = models.DateTimeField(null=True)
    #: Deliveries that were given up since one succeeded.
    failures = models.PositiveIntegerField(default=0)

    objects = WebhookEndpointQuerySet.as_manager()

    def __str__(self) -> str:
        return self.url

    def new_secret(self) -> str:
        """Gives it a new secret, unsaved, and answers its text, which can't be had again."""
        plaintext = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        if self.secret:
            self.former_secret, self.former_until = self.secret, timezone.now() + OVERLAP
        self.secret = encrypt(plaintext, purpose=PURPOSE)
        return plaintext

    def signing_secrets(self) -> list[str]:
        """The present one, and the one before it for a while. Raises SecretsUnreadable."""
        kept = [self.secret]
        if self.former_until and self.former_until > timezone.now():
            kept.append(self.former_secret)
        return [decrypt(text, purpose=PURPOSE) for text in kept]

    def disable(self, reason: str) -> None:
        """Unsaved."""
        self.disabled_at, self.disabled_reason = timezone.now(), reason[:MAX_REASON_LENGTH]

    def enable(self) -> None:
        """Unsaved. What it failed at before counts no more."""
        self.disabled_at, self.disabled_reason = None, ""
        self.failing_since, self.failures = None, 0


class WebhookDelivery(models.Model):
    """One end of one job, told to one endpoint until it says that it has heard."""

    #: The `webhook-id` of every try, by which a receiver knows what it has had.
    id: "models.UUIDField[UUID, UUID]" = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    #: Without a constraint in the database: no end of a job may fail because its endpoint is being deleted.
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    #: The job that ended.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    #: Such as "handoff.job.successful".
    event_type = models.CharField(max_length=50)
    #: What is sent, the same in every try; JSON.
    body = models.TextField()
    created_at = models.DateTimeField()
    #: One entry a try, oldest first: at, status_code or null, duration_ms, error or null.
    attempts = models.JSONField(default=list)
    #: When it is tried next; null: it won't be by itself.
    next_try_at = models.DateTimeField(null=True)
    #: When the endpoint first said that it has heard; null: it has not.
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint")]

    def __str__(self) -> str:
        return f"{self.event_type} {self.id}"

    @property
    def status(self) -> str:
        if self.delivered_at:
            return "delivered"
        return "pending" if self.next_try_at else "failed"
