"""Latencies are taken at idle: one job at a time, at moments that no poll is in step with."""

import random
import time
from collections.abc import Callable

from benchmarks.sizes import Sizes

#: Between two samples there is this, and a random part of the longest sample: what a worker's poll takes.
PAUSE_SECONDS = 0.01
#: Taken and thrown away.
WARM_UP = 3


def sample(measure_once: Callable[[], float], sizes: Sizes) -> list[float]:
    """Milliseconds, from an operation that answers seconds."""
    longest = max(measure_once() for _ in range(WARM_UP))
    deadline = time.monotonic() + sizes.sample_seconds
    taken: list[float] = []
    while len(taken) < sizes.samples and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS + random.uniform(0, longest))
        seconds = measure_once()
        longest = max(longest, seconds)
        taken.append(seconds * 1000)
    return taken
