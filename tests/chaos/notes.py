"""What happened, written down at once: an append-only file that outlives whoever writes to it.

Workers, callers and the run itself append to the same file. Each note is one write of one line, so that a process
that is killed leaves either the whole note or nothing, and the page cache keeps it.
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from enum import StrEnum, auto
from pathlib import Path

#: Environment variable with the path of the file.
NOTES = "CHAOS_NOTES"


class What(StrEnum):
    #: `aenqueue` has returned, or HTTP has answered 202.
    ACCEPTED = auto()
    #: The caller got an error instead; the job may or may not exist.
    REFUSED = auto()
    #: The transaction round the call was rolled back: the job must not exist.
    ROLLED_BACK = auto()
    #: A cancellation of a waiting job has been answered.
    CANCELLED = auto()
    #: First line of the task's function.
    START = auto()
    #: What the task is for has been done.
    EFFECT = auto()
    #: The task raises, and this attempt counts.
    RAISED = auto()
    #: A worker is killed at this moment; `jobs` are those that it had claimed and not started.
    DIED = auto()
    #: A worker is told to stop (SIGTERM).
    TOLD = auto()
    #: A worker's process is gone; `text` is its exit code.
    EXITED = auto()
    #: A worker is stopped in its tracks (SIGSTOP), and goes on (SIGCONT).
    FROZEN = auto()
    THAWED = auto()
    #: Redis has lost all that it held.
    WIPED = auto()
    #: A fault of the surroundings, named in `text`.
    FAULT = auto()
    HEALED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    what: What
    #: Unix time.
    at: float
    job: str = ""
    #: The number of the start that says so, `Job.starts`.
    starts: int = 0
    pid: int = 0
    text: str = ""
    jobs: tuple[str, ...] = ()


def note(
    what: What, *, job: str = "", starts: int = 0, pid: int = 0, text: str = "", jobs: tuple[str, ...] = ()
) -> None:
    """Appends to the file that the environment names."""
    made = Note(
        what=what, at=time.time(), job=job, starts=starts, pid=pid or os.getpid(), text=text, jobs=jobs
    )
    line = json.dumps(asdict(made)).encode() + b"\n"
    file = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def read(path: Path) -> list[Note]:
    """All notes, in the order in which they were written."""
    fields = (json.loads(line) for line in path.read_text().splitlines())
    return [Note(**{**note, "what": What(note["what"]), "jobs": tuple(note["jobs"])}) for note in fields]
