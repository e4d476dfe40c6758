"""What is logged while a task's function runs, by any logger, in its coroutine or its thread: its attempt says it."""

import logging
import re
import sys
import traceback
from typing import Any

from jobs.worker.attempt import current

#: The engine's own lines are not the task's, and `context.log` tells its own.
_NOT_THE_TASK_S = re.compile(r"jobs\.(task$|worker|lifecycle|broker|events)")


def install() -> None:
    """From then on, in this process. Adding it to the root logger once more changes nothing."""
    logging.getLogger().addHandler(_capture)


class Capture(logging.Handler):
    """Hears every line that reaches the root logger; outside of a task it does nothing."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._is_hearing = False

    def emit(self, record: logging.LogRecord) -> None:
        """Called under the handler's lock, so that what is heard meanwhile was logged by this call itself."""
        attempt = current.get(None)
        if (
            attempt is None
            or attempt.voice.is_closed
            or self._is_hearing
            or _NOT_THE_TASK_S.match(record.name)
        ):
            return
        self._is_hearing = True
        try:
            attempt.voice.log(record.levelno, text_of(record.msg, record.args, record.exc_info))
        except Exception:  # noqa: BLE001  a value that can't be told, as in any other place of logging
            self.handleError(record)
        finally:
            self._is_hearing = False


def text_of(msg: object, args: Any, exc_info: Any) -> str:
    """A line for the job's owner: with the error that it names, without the traceback, which is for staff."""
    text = message_of(msg, args)
    match exc_info:
        case BaseException():
            error: BaseException | None = exc_info
        case (_, error, _):
            pass
        case _:
            error = sys.exception() if exc_info else None
    return f"{text}\n{traceback.format_exception_only(error)[-1].strip()}" if error else text


def message_of(msg: object, args: Any) -> str:
    """Arguments that do not fit, or have no text, are left out: who logs must not fail by it."""
    try:
        return logging.LogRecord("", 0, "", 0, msg, args, None).getMessage()
    except Exception as error:  # noqa: BLE001  whatever an object's __str__ raises
        return (
            msg if isinstance(msg, str) else f"{type(msg).__name__}, without a text: {type(error).__name__}"
        )


_capture = Capture()
