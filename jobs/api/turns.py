"""Who submits a lot does so beside others, not before them.

While one owner alone submits, nothing holds it up. From another's submission on, and for a while after it, one of an
owner's is worked on at a time, and the next after a rest. So another's seldom comes upon one that is half done, however
many connections the first owner has.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from jobs.per_loop import PerLoop

#: For so long after a submission its owner counts as somebody whom others leave room.
RECENT_SECONDS = 1.0
#: Beside others an owner rests for so long after a submission, and after each slice of a batch.
REST_SECONDS = 0.01


@dataclass(slots=True)
class _Line:
    """One owner's."""

    working: int = 0
    #: After its last one.
    has_rested: bool = True
    waiting: "deque[asyncio.Future[None]]" = field(default_factory=deque)


@dataclass(slots=True)
class Turns:
    clock: Callable[[], float] = time.monotonic
    _lines: dict[Any, _Line] = field(default_factory=dict)
    #: The owner who came last and the one before, each with the time of their last submission.
    _last: tuple[Any, float] = (None, float("-inf"))
    _other: tuple[Any, float] = (None, float("-inf"))

    @asynccontextmanager
    async def turn(self, owner_id: Any) -> AsyncIterator[None]:
        """Waits until there is room for one more of the owner's."""
        self._note(owner_id)
        line = self._lines.setdefault(owner_id, _Line())
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        self._give(owner_id, line)
        try:
            await turn
            yield
        finally:
            if not turn.cancelled():
                self._end(owner_id, line)
            self._give(owner_id, line)

    async def rest(self, owner_id: Any) -> None:
        """Between two slices of a batch: others go first."""
        self._note(owner_id)
        await asyncio.sleep(REST_SECONDS if self._is_beside_others(owner_id) else 0)

    def _note(self, owner_id: Any) -> None:
        if owner_id != self._last[0]:
            self._other = self._last
        self._last = (owner_id, self.clock())

    def _is_beside_others(self, owner_id: Any) -> bool:
        other, at = self._other if owner_id == self._last[0] else self._last
        return other is not None and at > self.clock() - RECENT_SECONDS

    def _give(self, owner_id: Any, line: _Line) -> None:
        """Turns to those of the line that there is room for; the last to leave it takes it away."""
        while line.waiting and self._has_room(owner_id, line):
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                line.working += 1
        # Who hung up may be late to say so: by then the owner may stand in a new line.
        if not line.working and not line.waiting and self._lines.get(owner_id) is line:
            del self._lines[owner_id]

    def _has_room(self, owner_id: Any, line: _Line) -> bool:
        if not self._is_beside_others(owner_id):
            return True
        return not line.working and line.has_rested

    def _end(self, owner_id: Any, line: _Line) -> None:
        line.working -= 1
        line.has_rested = False
        asyncio.get_running_loop().call_later(REST_SECONDS, self._rested, owner_id, line)

    def _rested(self, owner_id: Any, line: _Line) -> None:
        line.has_rested = True
        self._give(owner_id, line)


#: The running loop's.
turns = PerLoop(Turns)
