"""What is sent and what comes, as the HTTP API shows it.

Members that a newer server adds are passed over, and a status or kind may be one that is not known here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

ENDED = frozenset({"successful", "failed", "cancelled"})


class Submission(Struct, frozen=True, omit_defaults=True):
    """A job to be run. What is left out is as the task says."""

    task: str
    #: By name.
    args: dict[str, Any] = field(default_factory=dict)
    queue: str | None = None
    #: −100 to 100; of the due jobs the higher starts first.
    priority: int | None = None
    #: The earliest start, with its time zone.
    run_after: datetime | None = None
    #: To find it by.
    tags: Sequence[str] = ()
    #: Of yours, that is told when it ends.
    webhook: UUID | str | None = None


class Progress(Struct, frozen=True):
    #: 0 to 1.
    fraction: float
    text: str


class Failure(Struct, frozen=True):
    """How an attempt failed."""

    attempt: int
    exception_class_path: str
    message: str
    at: datetime
    #: For staff.
    traceback: str | None = None


class JobFile(Struct, frozen=True):
    """A file that a job made."""

    name: str
    #: In bytes.
    size: int
    content_type: str
    url: str


class Job(Struct, frozen=True):
    """A job as it was when the answer was made."""

    id: str
    task: str
    status: str
    queue: str
    priority: int
    args: dict[str, Any]
    #: What the task returned; None until it has.
    result: Any
    #: Of the newest attempt that failed; None once one has gone well.
    error: Failure | None
    progress: Progress
    #: Number of the newest one; 0 before the first.
    attempt: int
    max_attempts: int
    enqueued_at: datetime
    run_after: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    #: Number of its newest event.
    seq: int
    #: Id of the user.
    owner: int | None
    tags: list[str]
    files: list[JobFile]
    #: Addresses by name: itself, its events, its page, the socket.
    links: dict[str, str]
    #: Of a list: which of `args` and `result` are too long for it, and empty here.
    left_out: list[str] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether it is successful, failed or cancelled."""
        return self.status in ENDED


class Event(Struct, frozen=True):
    """Something that happened to a job."""

    #: 1 for its first event, and so on without gaps.
    seq: int
    #: status, progress, chunk or log.
    kind: str
    at: datetime
    data: dict[str, Any]
    job_id: str


class Batched(Struct, frozen=True):
    """A job of a batch."""

    #: Its place in the batch, from 0.
    index: int
    id: str


class Misfit(Struct, frozen=True):
    """One thing that does not fit."""

    detail: str
    #: JSON Pointer into what was sent, such as /args/rows; of a batch it begins with the index.
    pointer: str | None = None
    #: Name of a query parameter.
    parameter: str | None = None


class Batch(Struct, frozen=True):
    """What became of many submissions."""

    jobs: list[Batched]
    #: Of a lenient one: what was not stored, and why.
    errors: list[Misfit]


class Page(Struct, frozen=True):
    jobs: list[Job]
    #: Address of the next one.
    next: str | None


class Upload(Struct, frozen=True):
    """A stored file. Its id goes where a task takes an upload."""

    id: str
    name: str
    #: In bytes.
    size: int
    content_type: str
