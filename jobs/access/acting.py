"""Service accounts that act for the users whose work they hand on."""

from dataclasses import replace

from django.contrib.auth import get_user_model

from jobs.access.access import Access
from jobs.errors import MayNotActForOthers, UnknownOwner
from jobs.models import Scope

#: By this header an API token that may act for others says for whom: a username, in UTF-8.
OWNER_HEADER = "Handoff-Owner"


async def acting_for(access: Access, username: str) -> Access:
    """The same access in another user's name; never with staff powers, whoever that is.

    Raises MayNotActForOthers and UnknownOwner.
    """
    if not access.may_act_for_others:
        raise MayNotActForOthers
    users = get_user_model()
    # PostgreSQL refuses to look for a NUL, which no name has.
    named = users.objects.filter(**{users.USERNAME_FIELD: username}, is_active=True)
    owner = None if "\0" in username else await named.afirst()
    if owner is None:
        raise UnknownOwner(f"There is no user {username!r} who may sign in.")
    scopes = {scope for scope in Scope if access.may(scope)} - {Scope.ADMIN}
    return replace(access, user=owner, scopes=frozenset(scopes), may_act_for_others=False)
