"""Reads of the event log."""

from uuid import UUID

from jobs.models import Event

#: Events that one read brings; who needs more asks again. A chunk may have 64 KiB, and many may read at once.
MAX_PAGE = 100


def after(job_id: UUID | str, seq: int) -> list[Event]:
    """Everything that happened to the job after its event number `seq`, in order, at most MAX_PAGE."""
    return list(Event.objects.filter(job_id=job_id, seq__gt=seq).order_by("seq")[:MAX_PAGE])
