"""Run in a process of the system: waits until every job has ended, then prints what the store holds, as JSON."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import django

django.setup()

from jobs.models import Event as EventRow  # noqa: E402
from jobs.models import Job  # noqa: E402
from jobs.status import ACTIVE  # noqa: E402
from tests.chaos.history import Event, Row  # noqa: E402

POLL_SECONDS = 0.25


def wait_for_the_end(seconds: float) -> None:
    until = time.monotonic() + seconds
    while Job.objects.filter(status__in=ACTIVE).exists() and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


def rows() -> Iterator[Row]:
    for job in Job.objects.iterator():
        yield Row(
            job=str(job.id),
            status=job.status,
            attempt=job.attempt,
            starts=job.starts,
            seq=job.seq,
            return_value=job.return_value,
            errors=tuple(error["exception_class_path"] for error in job.errors),
        )


def events() -> Iterator[Event]:
    for event in EventRow.objects.iterator():
        data: dict[str, Any] = event.data if event.kind == "status" else {}
        yield Event(
            job=str(event.job_id),
            seq=event.seq,
            at=event.at.timestamp(),
            status=data.get("status", ""),
            attempt=data.get("attempt", 0),
            pid=pid_of(data.get("worker_id", "")),
            run_after=moment(data.get("run_after")),
        )


def pid_of(worker_id: str) -> int:
    """Worker ids read host-pid-hex."""
    return int(worker_id.rsplit("-", 2)[1]) if worker_id else 0


def moment(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0


if __name__ == "__main__":
    wait_for_the_end(float(sys.argv[1]))
    held = {"rows": [asdict(row) for row in rows()], "events": [asdict(event) for event in events()]}
    sys.stdout.write(json.dumps(held))
