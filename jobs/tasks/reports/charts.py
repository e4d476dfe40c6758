"""One chart per column, as data: PDF, XLSX and SVG each draw the same bars."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from .columns import CORE, Numbers, Summary
from .figures import number_text, percent_text
from .kinds import Kind, date_text

#: Bars of a histogram, about.
BINS = 24
#: The whole range is drawn unless it is this many times as wide as its core.
MAX_STRETCH = 4
#: Whole numbers up to here are told apart by a float.
MAX_WHOLE = 1e15
_DAY = 86_400.0
_DAYS = (1, 2, 7, 14, 30, 91, 182, 365, 730, 1_825, 3_650, 18_250, 182_500)
#: Widths of bins of dates, in seconds: seconds, minutes, hours, days, weeks, about months and years.
_DATE_STEPS = (
    1.0,
    5.0,
    15.0,
    60.0,
    300.0,
    900.0,
    3_600.0,
    10_800.0,
    21_600.0,
    *(days * _DAY for days in _DAYS),
)


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    #: "histogram": bars stand side by side on a number line; "ranking": one line a value, the most common first.
    kind: Literal["histogram", "ranking"]
    bars: tuple[Bar, ...]
    #: What is left out or estimated; "" if nothing is.
    note: str = ""
    #: Ends of the number line.
    ends: tuple[str, str] = ("", "")

    @property
    def peak(self) -> int:
        return max(bar.count for bar in self.bars)


def chart_of(column: Summary) -> Chart | None:
    """The column's chart; None if there is nothing to see: no cells, or no value that comes twice."""
    if column.numbers and column.kind is not Kind.BOOLEAN:
        return _histogram(column.numbers, column.kind)
    return _ranking(column) if column.common else None


def _ranking(column: Summary) -> Chart:
    bars = tuple(Bar(value, count.number) for value, count in column.common)
    exact = all(count.exact for _, count in column.common)
    rest = column.filled - sum(bar.count for bar in bars)
    notes = [] if exact else ["counts are lower bounds"]
    if rest > 0:
        notes.append(f"other values make up {percent_text(rest, column.filled)}")
    return Chart("ranking", bars, "; ".join(notes).capitalize())


def _histogram(numbers: Numbers, kind: Kind) -> Chart:
    low, high, cut = _range(numbers)
    scale = _scale(numbers, kind, low, high)
    bars = tuple(
        Bar(scale.label(index), count)
        for index, count in enumerate(_counts(numbers.sketch, scale, low, high))
    )
    notes = [] if numbers.exact else ["estimated"]
    if cut:
        ends = f"{scale.text(low)} to {scale.text(high)}"
        notes.append(f"the middle {100 * (CORE[1] - CORE[0]):.0f} % of the values, {ends}")
    text = "; ".join(notes)
    return Chart("histogram", bars, text[:1].upper() + text[1:], scale.ends)


def _range(numbers: Numbers) -> tuple[float, float, bool]:
    """What to draw, and whether it is only the core."""
    core_low, core_high = numbers.core
    core = core_high - core_low
    if core > 0 and numbers.high - numbers.low > MAX_STRETCH * core:
        return core_low, core_high, True
    return numbers.low, numbers.high, False


@dataclass(frozen=True, slots=True)
class _Scale:
    """The number line under a histogram: `bins` steps from `start`, each without its right end."""

    start: float
    step: float
    bins: int
    text: Callable[[float], str]
    #: How far the last number of a bin lies from the next bin: 1 for whole numbers, else nothing.
    unit: float = 0.0

    def edge(self, index: int) -> float:
        return self.start + index * self.step

    def label(self, index: int) -> str:
        first, last = self.text(self.edge(index)), self.text(self.edge(index + 1) - self.unit)
        return first if first == last else f"{first} – {last}"

    @property
    def ends(self) -> tuple[str, str]:
        return self.text(self.start), self.text(self.edge(self.bins) - self.unit)


def _scale(numbers: Numbers, kind: Kind, low: float, high: float) -> _Scale:
    if kind is Kind.DATE:
        step = next((step for step in _DATE_STEPS if step * BINS >= high - low), _DATE_STEPS[-1])
        start = low - low % min(step, _DAY)
        return _Scale(start, step, int((high - start) / step) + 1, date_text)
    whole = all(number.is_integer() for number, _ in numbers.sketch)
    step = (
        _round_step((high - low) / BINS, whole) if high > low else 1.0 if whole else max(abs(low), 1.0) / 10
    )
    first = math.floor(low / step)
    last = math.floor(high / step) if whole else max(math.ceil(high / step) - 1, first)
    return _Scale(
        first * step, step, last - first + 1, number_text, 1.0 if whole and step < MAX_WHOLE else 0.0
    )


def _round_step(least: float, whole: bool) -> float:
    """1, 2, 2.5 or 5 times a power of ten, so that edges are round numbers; whole for whole numbers."""
    least = max(least, 1.0) if whole else least
    power = 10.0 ** math.floor(math.log10(least))
    steps = (factor * power for factor in (1, 2, 2.5, 5, 10))
    return next(step for step in steps if step >= least and (not whole or step.is_integer()))


def _counts(sketch: Iterable[tuple[float, int]], scale: _Scale, low: float, high: float) -> list[int]:
    """How many numbers fall into each bin; one on the very right end belongs to the last."""
    counts = [0] * scale.bins
    for number, weight in sketch:
        if low <= number <= high:
            counts[min(int((number - scale.start) / scale.step), scale.bins - 1)] += weight
    return counts
