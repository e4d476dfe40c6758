"""Access by what follows `Authorization: Bearer`."""

import contextlib
import re

from django.db import OperationalError

from jobs.access import job_token
from jobs.access.access import Access
from jobs.models import ApiToken
from jobs.models.token import digest
from jobs.store import ReadThread
from jobs.together import Call, Together

#: Tokens that one query may name.
MAX_BATCH = 500

#: A thread and a connection for all requests: one of its own, as Django gives each, costs more than the query.
lookups = ReadThread()

_TOKEN = re.compile(r"handoff(?:job)?_[\w.-]{40,}", re.ASCII)


def holds_token(query: str) -> bool:
    """Whether one is in the query of an address, which logs keep and pages hand on."""
    return _TOKEN.search(query) is not None


async def bearer_access(plaintext: str) -> Access | None:
    """None for a token that is unknown, was revoked or has expired, or whose owner may not sign in."""
    if plaintext.startswith(job_token.PREFIX):
        return await job_token.job_token_access(plaintext)
    token = await _valid_token(digest(plaintext))
    if token is None:
        return None
    # What was asked for can be had although nothing can be written.
    with contextlib.suppress(OperationalError):
        await token.note_use()
    return Access(
        user=token.owner,
        scopes=frozenset(token.scopes),
        token_id=token.pk,
        may_act_for_others=token.may_act_for_others,
        expires_at=token.expires_at,
    )


async def _look_up(calls: list[Call[str, ApiToken | None]]) -> None:
    """Together, and each after it was asked for: a token that was revoked opens nothing from then on."""
    found = await lookups(_valid_tokens, {call.asked for call in calls})
    for call in calls:
        call.give(found.get(call.asked))


def _valid_tokens(digests: set[str]) -> dict[str, ApiToken]:
    return {token.digest: token for token in ApiToken.objects.with_digests(digests)}


_valid_token = Together(_look_up, most=MAX_BATCH)
