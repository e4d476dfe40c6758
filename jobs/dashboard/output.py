"""What a job has logged and put out, as of the number of its newest event. All of it blocks."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from jobs.models import Event, EventKind, Job
from jobs.status import Status


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    #: "info", "warning", "error" or "critical".
    level: str
    text: str


def lines(job: Job) -> list[Line]:
    """What all attempts have logged, oldest first."""
    events = _events(job).filter(kind=EventKind.LOG).order_by("seq")
    return [Line(event.at, event.data["level"], event.data["text"]) for event in events]


def text(job: Job) -> str:
    """The chunks of the newest run: text joined, other values one a line. elements/job-stream.js does the same."""
    chunks = _events(job).filter(kind=EventKind.CHUNK, seq__gt=_newest_start(job)).order_by("seq")
    return joined(chunk.data["value"] for chunk in chunks)


def joined(values: Iterable[Any]) -> str:
    text = ""
    for value in values:
        if isinstance(value, str):
            text += value
        else:
            text += "" if text == "" or text.endswith("\n") else "\n"
            text += f"{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n"
    return text


def _events(job: Job) -> QuerySet[Event]:
    """Those that `job` knows of, as a page goes on with the next."""
    return Event.objects.filter(job_id=job.id, seq__lte=job.seq)


def _newest_start(job: Job) -> int:
    """Number of the event that told of it; 0 before the first."""
    starts = _events(job).filter(kind=EventKind.STATUS, data__status=Status.RUNNING)
    return starts.aggregate(newest=Max("seq"))["newest"] or 0
