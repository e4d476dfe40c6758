"""What the developer sees: our own lines, and those of each process behind its name."""

import os
import sys
import threading
from typing import IO

#: The longest name among the processes.
NAME_WIDTH = 6

_colours = {"web": "36", "worker": "35", "handoff": "1", "error": "31"}
_one_line_at_a_time = threading.Lock()


def say(text: str, *, colour: str = "handoff") -> None:
    """Lines of our own."""
    _write(f"{_painted(text, colour)}\n")


def complain(text: str) -> None:
    """What went wrong, of our own."""
    say(text, colour="error")


def pass_on(name: str, output: IO[bytes]) -> None:
    """Every line that the process `name` writes, until it and all that inherited its output are gone."""
    prefix = _painted(f"{name:<{NAME_WIDTH}} |", name)
    for line in output:
        _write(f"{prefix} {line.decode(errors='replace').rstrip()}\n")


def is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _painted(text: str, colour: str) -> str:
    return f"\033[{_colours[colour]}m{text}\033[0m" if is_coloured() else text


def _write(text: str) -> None:
    with _one_line_at_a_time:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:  # the terminal is gone: SIGHUP tells us to stop, there is nobody left to tell more
            return
