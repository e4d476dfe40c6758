"""Things of which each event loop has its own, as what waits in one loop can't be woken from another."""

import asyncio
from collections.abc import Callable


class PerLoop[T]:
    """Answers the running loop's own one, made when it is first asked for.

    Those of loops that are closed are let go by the next loop. Weak references would keep them: what a loop has often
    holds that loop.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._of: dict[asyncio.AbstractEventLoop, T] = {}

    def __call__(self) -> T:
        loop = asyncio.get_running_loop()
        if loop not in self._of:
            # Loops of other threads may come and go meanwhile, hence the copy.
            for ended in [known for known in list(self._of) if known.is_closed()]:
                self._of.pop(ended, None)
            self._of[loop] = self._make()
        return self._of[loop]

    @property
    def is_there(self) -> bool:
        """Whether the running loop has one already."""
        return asyncio.get_running_loop() in self._of

    def forget(self) -> T | None:
        """Takes the running loop's away, and answers it if there was one."""
        return self._of.pop(asyncio.get_running_loop(), None)
