"""A personal API token: shown once, stored as a hash."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from jobs.errors import TooManyTokens

#: Makes a leaked token easy to find by scanners.
PREFIX = "handoff_"
MAX_NAME_CHARACTERS = 100
#: Of one user, leaving out those that are revoked or have expired.
MAX_TOKENS = 50
#: `last_used_at` is this exact; it costs a request in so many an UPDATE.
LAST_USED_EVERY = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a token is for. A session may do all that its user may."""

    READ = "jobs:read", "Look at jobs, and watch them"
    WRITE = "jobs:write", "Submit jobs, and change them"
    CANCEL = "jobs:cancel", "Cancel jobs"
    ADMIN = "admin", "All of these, and what staff may do if you are staff"


def digest(plaintext: str) -> str:
    """SHA-256 is enough: the token is 256 random bits, not a password."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def unended(self) -> Self:
        """Those neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)

    def valid(self) -> Self:
        """Those that open something: their owners may sign in, too."""
        return self.unended().filter(owner__is_active=True)

    def with_digests(self, digests: Iterable[str]) -> Self:
        """The valid ones of these, with their owners."""
        return self.valid().filter(digest__in=digests).select_related("owner")


class ApiToken(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    #: What the owner calls it.
    name = models.CharField(max_length=MAX_NAME_CHARACTERS)
    digest = models.CharField(max_length=64, unique=True)
    #: Values of Scope; they never change.
    scopes = models.JSONField(default=list)
    #: Whether its requests may name another user whose they are. For service accounts; only staff grant it.
    may_act_for_others = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Null: never.
    expires_at = models.DateTimeField(null=True)
    #: Within LAST_USED_EVERY. Null: never was.
    last_used_at = models.DateTimeField(null=True)
    #: Null: it was not. A revoked token stays for whoever looks into what happened.
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(
        cls,
        *,
        owner: Any,
        name: str,
        scopes: Iterable[Scope],
        expires_at: datetime | None = None,
        may_act_for_others: bool = False,
    ) -> tuple["ApiToken", str]:
        """A new token's row, and its text, which can't be had again. Raises TooManyTokens."""
        plaintext = PREFIX + secrets.token_urlsafe(32)
        with transaction.atomic():
            # One after the other, or two would both be the last that there is room for.
            get_user_model().objects.select_for_update().get(pk=owner.pk)
            if cls.objects.unended().filter(owner=owner).count() >= MAX_TOKENS:
                raise TooManyTokens(f"You have {MAX_TOKENS} API tokens, which is the most; revoke one first.")
            token = cls.objects.create(
                owner=owner,
                name=name,
                digest=digest(plaintext),
                scopes=sorted(set(scopes)),
                may_act_for_others=may_act_for_others,
                expires_at=expires_at,
            )
        return token, plaintext

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def revoke(self) -> None:
        """It opens nothing any more; sockets that it has opened are closed."""
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())

    async def note_use(self) -> None:
        """Moves `last_used_at`, unless it has just been moved."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at >= LAST_USED_EVERY:
            await type(self).objects.filter(pk=self.pk).aupdate(last_used_at=now)
