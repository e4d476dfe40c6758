"""A worker that kills itself at a step: `python -m tests.chaos.doomed finish after 3`.

The engine has no place for this in its code; its functions are wrapped here, wherever they have been imported to.
"""

import functools
import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.chaos.notes import What, note
from tests.chaos.steps import STEPS, Step, ids_in


@dataclass(slots=True)
class Doom:
    """Strikes before or after the step's `left`-th call that has jobs in it."""

    step: Step
    strikes_after: bool
    left: int

    def before(self, given: Any) -> None:
        if not self.strikes_after and not self.step.answers_jobs:
            self._count(ids_in(given))

    def after(self, given: Any, answer: Any) -> None:
        if self.strikes_after or self.step.answers_jobs:
            self._count(ids_in(answer if self.step.answers_jobs else given))

    def _count(self, jobs: list[str]) -> None:
        if not jobs:
            return
        self.left -= 1
        if self.left <= 0:
            note(What.DIED, jobs=tuple(jobs))
            os.kill(os.getpid(), signal.SIGKILL)


def arm(doom: Doom) -> None:
    holder: Any = sys.modules[doom.step.module]
    *owner, name = doom.step.function.split(".")
    for part in owner:
        holder = getattr(holder, part)
    original = getattr(holder, name)
    if owner:
        setattr(holder, name, wrapped(original, doom))
    else:
        replace_everywhere(original, wrapped(original, doom))


def wrapped(original: Callable[..., Any], doom: Doom) -> Callable[..., Any]:
    given = int(doom.step.is_method)

    @functools.wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        args = tuple(_again_readable(arg) for arg in args)
        doom.before(args[given])
        answer = await original(*args, **kwargs)
        doom.after(args[given], answer)
        return answer

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        args = tuple(_again_readable(arg) for arg in args)
        doom.before(args[given])
        answer = original(*args, **kwargs)
        doom.after(args[given], answer)
        return answer

    return awaited if inspect.iscoroutinefunction(original) else called


def _again_readable(given: Any) -> Any:
    return list(given) if isinstance(given, Iterator) else given


def replace_everywhere(original: Any, replacement: Any) -> None:
    for module in list(sys.modules.values()):
        if module.__name__.startswith("jobs"):
            for name, value in list(vars(module).items()):
                if value is original:
                    setattr(module, name, replacement)


if __name__ == "__main__":
    step, when, count = sys.argv[1:]

    import uvloop

    import worker  # noqa: F401  it sets up Django and imports the engine whole
    from jobs.worker.loop import run

    arm(Doom(STEPS[step], strikes_after=when == "after", left=int(count)))
    # Imported before it was wrapped, but it looks up what it calls at every call.
    uvloop.run(run())
