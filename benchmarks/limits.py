"""How long the harness waits for anything."""

#: For one thing that a peer does, such as working off its queue.
LIMIT_SECONDS = 120.0
#: For a started worker to run its first job, and an idle one the next.
START_SECONDS = 30.0

#: A peer that is slower in a long queue is given up.
SLOWEST_JOBS_PER_SECOND = 500


def limit_for(jobs: int) -> float:
    """Seconds that may pass while so many jobs are enqueued or worked off."""
    return LIMIT_SECONDS + jobs / SLOWEST_JOBS_PER_SECOND


class Overrun(Exception):
    """Something took too long, or ended too early; the message says what."""
