"""How many different values a stream has, and which come most often, in bounded memory."""

import heapq
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

#: Longer values are told apart by their first characters when they are ranked, not when they are counted.
MAX_VALUE_LENGTH = 200
#: Smallest hashes kept to estimate a number of different values; standard error 1/sqrt(n) = 1.6 %.
SAMPLE = 4_096
_HASHES = 1 << sys.hash_info.width


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things; unless `exact`, an estimate, or for a value's occurrences a lower bound."""

    number: int
    exact: bool


class Values:
    """Exact for up to `capacity` different values; for more, an estimate of their number and those that are
    sure to be frequent, with how often they came at least."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: Counter[str] = Counter()
        #: Occurrences that any kept value may have lost to pruning.
        self._lost = 0
        self._estimate: DistinctEstimate | None = None

    def add(self, cells: Sequence[str]) -> None:
        if not cells:
            return
        if len(max(cells, key=len)) > MAX_VALUE_LENGTH:
            self._estimated().add(cells)
            cells = [shortened(cell) for cell in cells]
        elif self._estimate:
            self._estimate.add(cells)
        self._counts.update(cells)
        if len(self._counts) > self._capacity:
            self._prune()

    def _estimated(self) -> "DistinctEstimate":
        """The estimate, which takes over while the counted values are still all there ever were."""
        if self._estimate is None:
            self._estimate = DistinctEstimate()
            self._estimate.add(self._counts)
        return self._estimate

    def _prune(self) -> None:
        """Misra & Gries (1982), many steps at once: the rarest values go, the others lose as many."""
        self._estimated()
        rarest = heapq.nlargest(self._capacity // 2, self._counts.values())[-1]
        self._counts = Counter(
            {value: count - rarest for value, count in self._counts.items() if count > rarest}
        )
        self._lost += rarest

    @property
    def distinct(self) -> Count:
        return self._estimate.count if self._estimate else Count(len(self._counts), exact=True)

    def most_common(self, limit: int) -> list[tuple[str, Count]]:
        """The most frequent values that came more than once; those that pruning may have mixed up stay out."""
        sure = max(1, self._lost)
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return [(value, Count(n, exact=self._lost == 0)) for value, n in ranked[:limit] if n > sure]


class DistinctEstimate:
    """The k smallest hashes of what was seen (Bar-Yossef et al. 2002): the denser they lie, the more there is."""

    def __init__(self) -> None:
        self._smallest: set[int] = set()
        self._limit = _HASHES

    def add(self, cells: "Sequence[str] | Counter[str]") -> None:
        limit = self._limit
        self._smallest.update(found for found in map(hash, cells) if found < limit)
        if len(self._smallest) > 2 * SAMPLE:
            self._smallest = set(heapq.nsmallest(SAMPLE, self._smallest))
            self._limit = max(self._smallest)

    @property
    def count(self) -> Count:
        if self._limit == _HASHES:
            return Count(len(self._smallest), exact=True)
        smallest = heapq.nsmallest(SAMPLE, self._smallest)
        share = (smallest[-1] + _HASHES // 2) / _HASHES
        return Count(round((SAMPLE - 1) / share), exact=False)


def shortened(text: str, length: int = MAX_VALUE_LENGTH) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
