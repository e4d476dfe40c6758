"""Tickets: access for one socket, in an address that a browser can open. Used once, within seconds.

Logs keep addresses, and so no token may be in one.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import msgspec
from django.contrib.auth import get_user_model
from django.utils import timezone

from jobs.access.access import Access
from jobs.access.validity import still_valid
from jobs.broker import tickets
from jobs.broker.client import BROKER_ERRORS
from jobs.cipher import decrypt, encrypt
from jobs.errors import BrokerUnavailable, SecretsUnreadable
from jobs.models.token import digest

TTL = timedelta(seconds=30)
PURPOSE = "tickets"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An Access, by the id of its user."""

    user_id: Any
    scopes: frozenset[str]
    job_id: UUID | None
    session_key: str | None
    session_hash: str
    token_id: int | None
    expires_at: datetime | None

    @classmethod
    def of(cls, access: Access) -> Self:
        return cls(user_id=access.user.pk, **_fields(access))

    def access(self, user: Any) -> Access:
        return Access(user=user, **_fields(self))


def _fields(one: Access | Kept) -> dict[str, Any]:
    """Those that both have."""
    return {name: getattr(one, name) for name in Kept.__struct_fields__ if name != "user_id"}


async def issue_ticket(access: Access) -> tuple[str, datetime]:
    """A ticket to the same access, and when it expires. Raises BrokerUnavailable.

    What is kept is encrypted, as the key of a session is in it.
    """
    plaintext = secrets.token_urlsafe(32)
    held = encrypt(msgspec.json.encode(Kept.of(access)).decode(), purpose=PURPOSE)
    try:
        await tickets.keep(digest(plaintext), held, TTL)
    except BROKER_ERRORS as error:
        raise BrokerUnavailable from error
    return plaintext, timezone.now() + TTL


async def ticket_access(plaintext: str) -> Access | None:
    """None when the ticket was used before or is too old, or what it was made with is no longer good.

    Raises BrokerUnavailable.
    """
    try:
        held = await tickets.take(digest(plaintext))
    except BROKER_ERRORS as error:
        raise BrokerUnavailable from error
    kept = _read(held) if held else None
    user = kept and await get_user_model().objects.filter(pk=kept.user_id).afirst()
    if not (kept and user):
        return None
    access = kept.access(user)
    return access if access in await still_valid([access]) else None


def _read(held: str) -> Kept | None:
    """None when a process wrote it that has a newer SECRET_KEY."""
    try:
        return msgspec.json.decode(decrypt(held, purpose=PURPOSE), type=Kept)
    except SecretsUnreadable:
        return None
