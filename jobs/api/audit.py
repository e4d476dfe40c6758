"""`/audit`: who did what by hand."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.openapi import tells
from jobs.api.paging import Page, link_header
from jobs.api.schemas.audit import AuditOut
from jobs.api.schemas.base import MAX_ID
from jobs.api.staff import check_staff
from jobs.events.shapes import timestamp
from jobs.models import AuditRecord, Scope

router = Router(tags=["audit"])
router.add_decorator(gives_json, mode="view")


class AuditListing(Page):
    """Which records, and which page of them."""

    job: UUID | None = Field(default=None, description="What was done to this job.")
    user: int | None = Field(default=None, ge=1, le=MAX_ID, description="What this user did.")


@router.api_operation(
    list(SAFE_METHODS),
    "/audit",
    auth=needs(Scope.ADMIN),
    response=AuditOut,
    openapi_extra=tells("Link"),
)
async def list_audit(request: ApiRequest, listing: Query[AuditListing]) -> HttpResponse:
    """Newest first; it outlives the jobs. For staff."""
    check_staff(request)
    asked = {"job_id": listing.job, "user_id": listing.user}
    which = {name: value for name, value in asked.items() if value is not None}
    records, following = await listing.of(request, AuditRecord.objects.filter(**which))
    body = {"records": [_record_json(record) for record in records], "next": following}
    return json_answer(body, headers=link_header(following))


def _record_json(record: AuditRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "at": timestamp(record.at),
        "action": record.action,
        "job_id": record.job_id and str(record.job_id),
        "queue": record.queue_name or None,
        "user": record.user_id,
        "by": record.by,
        "via": record.via,
        "token": record.token_id and {"id": record.token_id, "name": record.token_name},
        "address": record.address,
        "outcome": record.outcome,
    }
