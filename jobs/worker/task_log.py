"""The log of a task: `context.log`."""

import logging
import sys
import traceback
from collections.abc import Callable, Collection, MutableMapping
from typing import Any

from jobs.rules.masking import masked
from jobs.worker.capture import message_of, text_of

logger = logging.getLogger("jobs.task")


class TaskLog(logging.LoggerAdapter["logging.Logger"]):
    """Says with each line which job it is about; `secrets` are masked in it, also in a traceback.

    `tell` takes each line's level and text for the job's owner, whatever levels the process itself writes.
    """

    def __init__(
        self, *, job_id: str, attempt: int, secrets: Collection[str], tell: Callable[[int, str], None]
    ) -> None:
        super().__init__(logger, {"job_id": job_id, "attempt": attempt})
        self._secrets = secrets
        self._tell = tell

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return msg, kwargs

    def log(
        self, level: int, msg: object, *args: object, exc_info: Any = None, stacklevel: int = 1, **kwargs: Any
    ) -> None:
        """See logging.Logger.log()."""
        if level >= logging.INFO:
            self._tell(level, text_of(msg, args, exc_info))
        if self._secrets and self.isEnabledFor(level):
            msg, args, exc_info = masked(_text(msg, args, exc_info), self._secrets), (), None
        super().log(level, msg, *args, exc_info=exc_info, stacklevel=stacklevel + 1, **kwargs)


def _text(msg: object, args: Any, exc_info: Any) -> str:
    """The line as a formatter would write it."""
    text = message_of(msg, args)
    error = exc_info if isinstance(exc_info, BaseException) else sys.exception() if exc_info else None
    return text if error is None else f"{text}\n{''.join(traceback.format_exception(error))}"
