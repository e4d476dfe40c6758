"""A personal API token: shown once, stored as a hash."""

import hashlib
import secrets
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

#: Makes a leaked token easy to find by scanners.
PREFIX = "handoff_"


def digest(plaintext: str) -> str:
    """SHA-256 is enough: the token is 256 random bits, not a password."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def matching(self, plaintext: str) -> Self:
        """The token of that text, unless it has expired or its owner may not sign in."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, digest=digest(plaintext), owner__is_active=True).select_related("owner")


class ApiToken(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    #: What the owner calls it.
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Null: never.
    expires_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, *, owner: Any, name: str) -> tuple["ApiToken", str]:
        """A new token's row, and its text, which can't be had again."""
        plaintext = PREFIX + secrets.token_urlsafe(32)
        return cls.objects.create(owner=owner, name=name, digest=digest(plaintext)), plaintext
