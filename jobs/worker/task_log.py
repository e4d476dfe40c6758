"""The log of a task: `context.log`."""

import logging
import sys
import traceback
from collections.abc import Collection, MutableMapping
from typing import Any

from jobs.rules.masking import masked

logger = logging.getLogger("jobs.task")


class TaskLog(logging.LoggerAdapter["logging.Logger"]):
    """Says with each line which job it is about; `secrets` are masked in it, also in a traceback."""

    def __init__(self, *, job_id: str, attempt: int, secrets: Collection[str]) -> None:
        super().__init__(logger, {"job_id": job_id, "attempt": attempt})
        self._secrets = secrets

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return msg, kwargs

    def log(
        self, level: int, msg: object, *args: object, exc_info: Any = None, stacklevel: int = 1, **kwargs: Any
    ) -> None:
        """See logging.Logger.log()."""
        if self._secrets and self.isEnabledFor(level):
            msg, args, exc_info = masked(_text(msg, args, exc_info), self._secrets), (), None
        super().log(level, msg, *args, exc_info=exc_info, stacklevel=stacklevel + 1, **kwargs)


def _text(msg: object, args: Any, exc_info: Any) -> str:
    """The line as a formatter would write it."""
    try:
        text = logging.LogRecord("", 0, "", 0, msg, args, None).getMessage()
    except (TypeError, ValueError, KeyError):
        text = str(msg)  # its arguments do not fit
    error = exc_info if isinstance(exc_info, BaseException) else sys.exception() if exc_info else None
    return text if error is None else f"{text}\n{''.join(traceback.format_exception(error))}"
