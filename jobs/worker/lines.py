"""The line of a task's code that a thread is at."""

import sysconfig
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from types import FrameType

#: Python's own code and what is installed; a task's code lies elsewhere.
LIBRARIES = tuple({sysconfig.get_path(kind) + "/" for kind in ("stdlib", "platstdlib", "purelib", "platlib")})
#: What calls tasks: the frames from there on outwards are none of theirs.
CALLERS = ("jobs.worker", "asyncio.events", "asyncio.runners", "uvloop")


def where(frame: FrameType) -> str:
    """Where a task is: the innermost line of its own code and, if that has called into a library, the line there."""
    inner = list(takewhile(lambda frame: not _is_caller(frame), _outwards(frame))) or [frame]
    own = next((frame for frame in inner if not frame.f_code.co_filename.startswith(LIBRARIES)), inner[-1])
    return _told(own) if own is inner[0] else f"{_told(own)}, in {_told(inner[0])}"


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame:
        yield frame
        frame = frame.f_back


def _is_caller(frame: FrameType) -> bool:
    module: str = frame.f_globals.get("__name__", "")
    return module.startswith(CALLERS)


def _told(frame: FrameType) -> str:
    file = Path(frame.f_code.co_filename)
    short = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return f"{short}:{frame.f_lineno} in {frame.f_code.co_qualname}"
