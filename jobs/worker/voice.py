"""What an attempt says while it runs, brought into the form and within the limits of events."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any, Protocol

from django.utils import timezone

from jobs.arguments import storable
from jobs.confidential import mask_of
from jobs.lifecycle.finish import Progress
from jobs.lifecycle.tell import Said
from jobs.models import EventKind
from jobs.models.row import JobRow
from jobs.rules.masking import Mask

#: Of one line; the rest of a longer one is cut off.
MAX_LINE_CHARACTERS = 2_000
#: Lines of one attempt. That bounds what waits in memory while the database is away, too.
MAX_LINES = 1_000

LEFT_OUT = f"More than {MAX_LINES:,} lines were logged; the others are left out here."

#: The names of levels, from the highest down; what is below the last is no event.
_LEVELS = {
    logging.CRITICAL: "critical",
    logging.ERROR: "error",
    logging.WARNING: "warning",
    logging.INFO: "info",
}

#: Called on the loop when it is stored, or with the reason why it never will be.
type Written = Callable[[Exception | None], None]


def _nobody_waits(_error: Exception | None) -> None:
    """For what is said without waiting for the store."""


class Outlet(Protocol):
    """Where what is said goes. Must be quick, and callable from any thread."""

    def report(self, progress: Progress) -> None: ...

    def say(self, said: Said, written: Written) -> None: ...


class Nobody:
    """Listens to what has no events."""

    def report(self, progress: Progress) -> None: ...

    def say(self, said: Said, written: Written) -> None: ...


class Voice:
    """That of one attempt, callable from any thread; says nothing more once it is closed."""

    def __init__(self, job: JobRow, outlet: Outlet) -> None:
        self._job = job
        self._outlet = outlet
        self._lines = count(1)
        self.is_closed = False
        #: Whether there are events of it that may wait to be stored.
        self.has_spoken = False

    def close(self) -> None:
        self.is_closed = True

    def progress(self, fraction: float, text: str) -> None:
        """Of several in a short time only the last is told."""
        if not self.is_closed:
            self._outlet.report(Progress(job=self._job, fraction=fraction, text=text))

    def log(self, level: int, text: str) -> None:
        """A line of the log, from INFO up; cut, cleaned of secrets, and one of so many at most."""
        if self.is_closed or level < logging.INFO or (number := next(self._lines)) > MAX_LINES + 1:
            return
        if number > MAX_LINES:
            level, text = logging.WARNING, LEFT_OUT
        # Cut after secrets are masked: half of one would not be found.
        text = storable(self.mask(text))
        if len(text) > MAX_LINE_CHARACTERS:
            text = f"{text[: MAX_LINE_CHARACTERS - 1]}…"
        self.say(EventKind.LOG, {"level": _level_name(level), "text": text})

    def say(self, kind: EventKind, data: dict[str, Any], written: Written = _nobody_waits) -> None:
        at: datetime = timezone.now()
        data = {"attempt": self._job.attempt, **data}
        job = self._job
        self.pass_on(Said(job.id, job.starts, kind, at, data, job.owner_id), written)

    def pass_on(self, said: Said, written: Written = _nobody_waits) -> None:
        """An event that another process has made."""
        self.has_spoken = True
        self._outlet.say(said, written)

    @cached_property
    def mask(self) -> Mask:
        return mask_of(self._job)


def _level_name(level: int) -> str:
    return next(name for least, name in _LEVELS.items() if level >= least)
