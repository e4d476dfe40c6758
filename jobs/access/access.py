"""What one request or socket may see and do."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs.models import Job, Scope
from jobs.models.job import JobQuerySet
from jobs.models.shown import ShownJob

#: What a session may do: all that its user may.
EVERYTHING = frozenset(Scope.values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Access:
    """Whose request it is, what the credentials are for, and what they last as long as.

    Each is itself alone: two sockets of one session are two of them.
    """

    #: In whose name; without staff powers unless `scopes` hold ADMIN. Never to be saved.
    user: Any
    #: Values of Scope.
    scopes: frozenset[str]
    #: The one job that it is for; None: all that the user may see.
    job_id: UUID | None = None
    #: The session that it ends with; None: it came of no session.
    session_key: str | None = None
    #: What the session holds of the user's password, which ends it by changing.
    session_hash: str = ""
    #: The API token that it ends with; None: it came of none.
    token_id: int | None = None
    #: Whether its requests may name another user whose they are.
    may_act_for_others: bool = False
    #: None: it has no end of its own.
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if Scope.ADMIN not in self.scopes:
            object.__setattr__(self, "user", _without_staff_powers(self.user))

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def may_cancel(self) -> bool:
        return self.may(Scope.CANCEL)

    def jobs(self) -> JobQuerySet:
        """The jobs that it may see."""
        visible = Job.objects.visible_to(self.user)
        return visible if self.job_id is None else visible.filter(id=self.job_id)

    def may_see(self, job: ShownJob) -> bool:
        """Whether a job is among jobs(), without another query."""
        is_theirs = self.user.is_authenticated and (self.user.is_staff or job.owner_id == self.user.pk)
        return is_theirs and self.job_id in (None, job.id)

    def may_watch_owner(self, owner_id: int) -> bool:
        """Whether it may hear of all jobs of that user."""
        return self.job_id is None and (self.user.is_staff or self.user.pk == owner_id)

    @property
    def may_watch_ops(self) -> bool:
        """Whether it may hear of workers and queues, which are staff's business."""
        return bool(self.user.is_staff)


def _without_staff_powers(user: Any) -> Any:
    """So that whoever asks `user.is_staff`, or what the user may see, asks for the credentials too."""
    lowered = copy(user)
    lowered.is_staff = lowered.is_superuser = False
    return lowered
