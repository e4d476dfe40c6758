"""Job tokens: signed and short-lived, for one job. A page that has no session may hold one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.core import signing
from django.utils import timezone

from jobs.access.access import Access
from jobs.models import ApiToken, Job, Scope

PREFIX = "handoffjob_"
DEFAULT_TTL = timedelta(minutes=15)
MAX_TTL = timedelta(hours=24)

JobScope = Literal["read", "cancel"]
SCOPES: dict[JobScope, frozenset[str]] = {
    "read": frozenset({Scope.READ}),
    "cancel": frozenset({Scope.READ, Scope.CANCEL}),
}


def _signer() -> signing.Signer:
    """RFC 6750 allows a full stop in what follows "Bearer", but no colon."""
    return signing.Signer(salt="handoff.job-token", sep=".")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobToken:
    """What is signed. It speaks in the name of the job's owner, and dies with the API token that it was made by."""

    job_id: UUID
    scope: JobScope
    expires_at: datetime
    #: None: it was made in a session, and outlives it.
    made_by_token_id: int | None

    def sign(self) -> str:
        expiry = int(self.expires_at.timestamp())
        return PREFIX + _signer().sign_object([self.job_id.hex, self.scope, expiry, self.made_by_token_id])

    @classmethod
    def read(cls, plaintext: str) -> "JobToken | None":
        """None when it was not signed with SECRET_KEY, or one of SECRET_KEY_FALLBACKS."""
        try:
            job_id, scope, expiry, made_by = _signer().unsign_object(plaintext.removeprefix(PREFIX))
        except signing.BadSignature:
            return None
        return cls(
            job_id=UUID(job_id),
            scope=scope,
            expires_at=datetime.fromtimestamp(expiry, UTC),
            made_by_token_id=made_by,
        )


async def job_token_access(plaintext: str) -> Access | None:
    """None when it is wrong or has expired, or when what it stands on is gone."""
    token = JobToken.read(plaintext)
    if token is None or token.expires_at <= timezone.now() or not await _is_backed(token):
        return None
    jobs = Job.objects.filter(id=token.job_id, owner__is_active=True).select_related("owner")
    job = await jobs.only("owner").afirst()
    if job is None:
        return None
    return Access(
        user=job.owner,
        scopes=SCOPES[token.scope],
        job_id=token.job_id,
        token_id=token.made_by_token_id,
        expires_at=token.expires_at,
    )


async def _is_backed(token: JobToken) -> bool:
    made_by = token.made_by_token_id
    return made_by is None or await ApiToken.objects.valid().filter(id=made_by).aexists()
