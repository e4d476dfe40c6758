"""When a request is sent again, and after what rest."""

import httpx

from handoff.problem import Problem

#: The server or a proxy before it is busy or away.
PASSING = frozenset({429, 502, 503, 504})
#: ... and has done nothing. A database that is away may have done it before.
UNDONE = frozenset({429})
#: The request never left.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

FIRST_PAUSE_SECONDS = 0.1
#: After so many tries the pauses have long reached any limit.
MAX_DOUBLINGS = 20


def may_pass(problem: Problem) -> bool:
    """Whether the same request may be answered otherwise a little later."""
    return problem.status is None or problem.status in PASSING or problem.name == "in-progress"


def is_undone(problem: Problem) -> bool:
    """Whether the request has certainly changed nothing."""
    return problem.status in UNDONE or isinstance(problem.__cause__, UNSENT)


class Patience:
    """Of one call. It is over some time after the first try that went wrong."""

    def __init__(self, retry_for: float, max_pause: float) -> None:
        """Both in seconds."""
        self._retry_for = retry_for
        self._max_pause = max_pause
        self._ends_at: float | None = None
        self._tries = 0

    def pause(self, problem: Problem, now: float, chance: float) -> float | None:
        """Seconds of rest before the next try; None: there is none.

        Random (`chance`: 0 to 1), growing, and after what the server asks for, so that those who were turned away at
        the same moment do not come back at the same moment.
        """
        if self._ends_at is None:
            self._ends_at = now + self._retry_for
        longest = min(self._max_pause, FIRST_PAUSE_SECONDS * 2 ** min(self._tries, MAX_DOUBLINGS))
        pause = (problem.retry_after_seconds or 0.0) + chance * longest
        self._tries += 1
        return pause if now + pause <= self._ends_at else None
