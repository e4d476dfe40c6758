"""What an idle worker listens to: pushes to its queues, and slots that become free."""

import asyncio
from collections.abc import Sequence

from jobs.broker import ready

#: Redis answers a blocking read after this at the latest: less than a socket may be silent.
LISTEN_SECONDS = 2.0


class Bell:
    """Listens in the background, so that the loop waits by its own clock: Redis' time-outs are 100 ms coarse."""

    def __init__(self, queues: Sequence[str]) -> None:
        self._queues = queues
        self._listening: asyncio.Task[str | None] | None = None

    async def wait(self, seconds: float, slot_freed: asyncio.Event | None) -> None:
        """Returns when something is pushed, when the event is or gets set, or after so many seconds."""
        self._listening = self._listening or asyncio.create_task(ready.wait(self._queues, LISTEN_SECONDS))
        freed = [asyncio.create_task(slot_freed.wait())] if slot_freed else []
        await asyncio.wait([self._listening, *freed], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiting in freed:
            waiting.cancel()
        self._heard()

    async def pass_on(self) -> None:
        """Wakes another worker, if a push woke this one while it has no free slot."""
        if queue := self._heard():
            await ready.wake(queue)

    def _heard(self) -> str | None:
        """The queue that was pushed to since the last look; raises what kept it from listening."""
        if self._listening is None or not self._listening.done():
            return None
        listened, self._listening = self._listening, None
        return listened.result()

    async def close(self) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
