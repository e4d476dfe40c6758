"""Median and quartiles of a stream, in a few hundred kilobytes."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

#: Numbers kept per level. Up to this many the answers are exact; beyond, a rank is off by at most
#: log2(n / SIZE) / SIZE of n: under 0.3 % for a hundred million numbers.
SIZE = 4_096


class Quantiles:
    """A sketch after Manku, Rajagopalan & Lindsay (1998).

    A level that overflows is sorted and hands every other number to the next level, where each stands for
    twice as many. Which half it hands on alternates, so that errors cancel and the same stream always
    gives the same answer.
    """

    def __init__(self) -> None:
        self._levels: list[array[float]] = [array("d")]
        self._odd: list[int] = [0]

    def add(self, numbers: Sequence[float]) -> None:
        self._levels[0].extend(numbers)
        if len(self._levels[0]) > SIZE:
            self._compact(0)

    def _compact(self, level: int) -> None:
        if level + 1 == len(self._levels):
            self._levels.append(array("d"))
            self._odd.append(0)
        ordered = sorted(self._levels[level])
        left_over = ordered[len(ordered) // 2 * 2 :]
        self._levels[level + 1].extend(ordered[self._odd[level] : len(ordered) - len(left_over) : 2])
        self._odd[level] = 1 - self._odd[level]
        self._levels[level] = array("d", left_over)
        if len(self._levels[level + 1]) > SIZE:
            self._compact(level + 1)

    @property
    def is_exact(self) -> bool:
        return len(self._levels) == 1

    def weighted(self) -> list[tuple[float, int]]:
        """What was kept, sorted, each with how many numbers it stands for."""
        return sorted((number, 1 << height) for height, level in enumerate(self._levels) for number in level)

    def at(self, *fractions: float) -> list[float]:
        """The numbers at these shares of the order (0.5: the median), between two neighbours interpolated.

        The definition of `statistics.quantiles(method="inclusive")`. Needs at least one number.
        """
        kept = self.weighted()
        ends = list(accumulate(weight for _, weight in kept))
        return [_between(kept, ends, fraction * (ends[-1] - 1)) for fraction in fractions]


def _between(kept: list[tuple[float, int]], ends: list[int], rank: float) -> float:
    low, share = math.floor(rank), rank - math.floor(rank)
    first = kept[bisect_right(ends, low)][0]
    if not share:
        return first
    second = kept[bisect_right(ends, low + 1)][0]
    return first + (second - first) * share
