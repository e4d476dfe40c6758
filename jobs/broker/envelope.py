"""What arq keeps of a job in Redis: JSON in arq's field names, without the arguments, which live in the row."""

from asyncio import CancelledError
from typing import Any

import msgspec

from jobs.errors import JobError

#: How the result of a cancelled job begins; other errors begin with the path of their class.
CANCELLED = "cancelled: "

#: arq's `job_serializer` and `job_deserializer`: never pickle.
dumps = msgspec.json.encode


def loads(stored: bytes) -> Any:
    """A failed job's result is an error, which arq's clients raise; of a cancelled one `Job.abort()` answers True."""
    fields = msgspec.json.decode(stored)
    if isinstance(fields, dict) and fields.get("s") is False:
        fields["r"] = _error(str(fields["r"]))
    return fields


def _error(told: str) -> BaseException:
    return CancelledError(told) if told.startswith(CANCELLED) else JobError(told)


def envelope(*, task_path: str, enqueued_at_ms: int, priority: int) -> bytes:
    """The value of `arq:job:<id>`; `p` is ours, arq ignores it."""
    return dumps({"t": None, "f": task_path, "a": [], "k": {}, "et": enqueued_at_ms, "p": priority})


def refusal(job_id: str, queue: str, sentence: str) -> bytes:
    """The result of a call that could not be made."""
    return result(
        job_id=job_id,
        task_path="",
        queue=queue,
        attempt=0,
        success=False,
        value=sentence,
        enqueued_at_ms=0,
        started_at_ms=0,
        finished_at_ms=0,
    )


def result(
    *,
    job_id: str,
    task_path: str,
    queue: str,
    attempt: int,
    success: bool,
    value: Any,
    enqueued_at_ms: int,
    started_at_ms: int,
    finished_at_ms: int,
) -> bytes:
    """The value of `arq:result:<id>`, as arq's own worker would write it with a JSON serializer."""
    return dumps(
        {
            "t": attempt,
            "f": task_path,
            "a": [],
            "k": {},
            "et": enqueued_at_ms,
            "s": success,
            "r": value,
            "st": started_at_ms,
            "ft": finished_at_ms,
            "q": queue,
            "id": job_id,
        }
    )
