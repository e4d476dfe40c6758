"""What arq keeps of a job in Redis: JSON in arq's field names, without the arguments, which live in the row."""

from typing import Any

import msgspec

#: arq's `job_serializer` and `job_deserializer`: never pickle.
dumps = msgspec.json.encode
loads = msgspec.json.decode


def envelope(*, task_path: str, enqueued_at_ms: int, priority: int) -> bytes:
    """The value of `arq:job:<id>`; `p` is ours, arq ignores it."""
    return dumps({"t": None, "f": task_path, "a": [], "k": {}, "et": enqueued_at_ms, "p": priority})


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
