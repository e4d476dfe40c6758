"""What a running attempt says besides its progress becomes events: chunks and lines of its log."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs.lifecycle import sql
from jobs.models import Event, EventKind
from jobs.models.row import EventRow

type _Speaker = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Said:
    """An event that has no number yet."""

    job_id: UUID
    #: `Job.starts` of the attempt that says it.
    fence: int
    kind: EventKind
    at: datetime
    data: dict[str, Any]
    #: Of the job.
    owner_id: Any = None


class Batch:
    """Things said that are stored once, however often that is tried: if only the answer to a commit was lost, they are
    found in the log."""

    def __init__(self, said: Iterable[Said]) -> None:
        self._said = list(said)
        self._was_tried = False

    def __call__(self) -> list[EventRow]:
        """See tell()."""
        told = _told(self._said) if self._was_tried else []
        self._was_tried = True
        return told or tell(self._said)


def _told(said: list[Said]) -> list[EventRow]:
    """Those of them that are in the log. It is all that the fence lets through, or none, as it is one transaction."""
    rows = Event.objects.filter(
        job_id__in={each.job_id for each in said}, at__gte=min(each.at for each in said)
    ).order_by("job_id", "seq")
    owners = {(each.job_id, each.kind, each.at): each.owner_id for each in said}
    return [
        EventRow(row.job_id, row.seq, row.kind, row.at, row.data, owners[which])
        for row in rows
        if (which := (row.job_id, EventKind(row.kind), row.at)) in owners
    ]


def tell(said: Iterable[Said]) -> list[EventRow]:
    """Stores it as events, each job's in the given order; answers them. What comes from an attempt that does not hold
    its job any more is left out."""
    of_speakers: dict[_Speaker, list[Said]] = {}
    for each in said:
        of_speakers.setdefault((each.job_id, each.fence), []).append(each)
    with sql.changes():
        last_seqs = sql.count_up(
            {"job_id": job_id, "fence": fence, "events": len(events)}
            for (job_id, fence), events in of_speakers.items()
        )
        events = [
            event for speaker, seq in last_seqs.items() for event in numbered(of_speakers[speaker], seq)
        ]
        sql.log(events)
    return events


def numbered(said: list[Said], last_seq: int) -> Iterator[EventRow]:
    """As events, the last of which has that number."""
    for seq, each in enumerate(said, last_seq - len(said) + 1):
        yield EventRow(each.job_id, seq, each.kind, each.at, each.data, each.owner_id)
