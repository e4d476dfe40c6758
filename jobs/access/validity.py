"""Whether access that was given some time ago would be given again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth import get_user_model
from django.utils import timezone

from jobs.access.access import Access
from jobs.access.sessions import BATCH, live_sessions, password_hashes
from jobs.models import ApiToken


async def still_valid(accesses: Iterable[Access]) -> set[Access]:
    """Those that would be given again now: the user may sign in and is no less than before, the session has not ended,
    the password is the same, the API token was not revoked, nothing has expired.

    A few queries for thousands of them, in a thread. Raises OperationalError or InterfaceError.
    """
    valid: set[Access] = await database_sync_to_async(_still_valid)(list(accesses))
    return valid


def _still_valid(accesses: list[Access]) -> set[Access]:
    grounds = Grounds(
        at=timezone.now(),
        users=_users({access.user.pk for access in accesses}),
        sessions=live_sessions({access.session_key for access in accesses if access.session_key}),
        tokens=_valid_tokens({access.token_id for access in accesses if access.token_id}),
    )
    return {access for access in accesses if grounds.bear(access)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What there is now of that on which access was given."""

    at: datetime
    #: By id: those who may sign in.
    users: dict[Any, Any]
    #: Keys of the sessions that have not ended.
    sessions: set[str]
    #: Ids of the API tokens that open something.
    tokens: set[int]
    #: By the user's id, as users have many sockets.
    _hashes: dict[Any, set[str]] = field(default_factory=dict)

    def bear(self, access: Access) -> bool:
        return (
            (access.expires_at is None or self.at < access.expires_at)
            and (access.token_id is None or access.token_id in self.tokens)
            and (access.session_key is None or self._bear_session(access))
            and self._bear_user(access)
        )

    def _bear_user(self, access: Access) -> bool:
        user = self.users.get(access.user.pk)
        return user is not None and user.is_staff >= access.user.is_staff

    def _bear_session(self, access: Access) -> bool:
        user = self.users.get(access.user.pk)
        if user is None or access.session_key not in self.sessions:
            return False
        if user.pk not in self._hashes:
            self._hashes[user.pk] = password_hashes(user)
        return access.session_hash in self._hashes[user.pk]


def _users(ids: set[Any]) -> dict[Any, Any]:
    active = get_user_model().objects.filter(is_active=True)
    return {id_: user for batch in batched(ids, BATCH) for id_, user in active.in_bulk(batch).items()}


def _valid_tokens(ids: set[int]) -> set[int]:
    found: set[int] = set()
    for batch in batched(ids, BATCH):
        found.update(ApiToken.objects.valid().filter(id__in=batch).values_list("id", flat=True))
    return found
