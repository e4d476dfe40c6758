"""Who did it: written in the transaction that did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from jobs.models import Action, AuditRecord, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who asks for an action, and from where; see AuditRecord for what each field means."""

    via: Via = Via.CODE
    user_id: Any = None
    name: str = ""
    token_id: int | None = None
    token_name: str = ""
    address: str | None = None


#: Nobody in particular.
CODE = By()


def record_jobs(by: By, action: Action, outcomes: Iterable[tuple[UUID, str]], *, now: datetime) -> None:
    """Notes what was done to each job, and what came of it."""
    AuditRecord.objects.bulk_create(
        _record(by, action, now, job_id=job_id, outcome=outcome) for job_id, outcome in outcomes
    )


def record_queue(by: By, action: Action, queue: str, *, now: datetime) -> None:
    _record(by, action, now, queue_name=queue).save(force_insert=True)


def _record(by: By, action: Action, now: datetime, **what: Any) -> AuditRecord:
    return AuditRecord(
        at=now,
        action=action,
        user_id=by.user_id,
        by=by.name,
        via=by.via,
        token_id=by.token_id,
        token_name=by.token_name,
        address=_address(by.address),
        **what,
    )


def _address(text: str | None) -> str | None:
    """None for what is none: a proxy may pass on what its client wrote, and PostgreSQL takes addresses alone."""
    try:
        return text and str(ip_address(text))
    except ValueError:
        return None
