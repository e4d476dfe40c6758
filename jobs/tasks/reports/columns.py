"""One column's statistics, computed a batch of cells at a time and in bounded memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .kinds import MISSING, Decimal, Kind, Parse, parsers
from .moments import Moments
from .quantiles import Quantiles
from .values import Count, Values, shortened

#: A column is of a kind when this share of its filled cells fits it; the rest is counted as misfits.
MIN_FIT = 0.95
#: A kind that fits less than half of this many cells is not tried any further.
TRIAL = 1_000
#: Different values counted exactly, over all columns of a file and in one column.
MAX_VALUES_OF_FILE = 200_000
MAX_VALUES = 20_000
MIN_VALUES = 500
#: Most common values that a summary names.
MAX_COMMON = 8
#: Quantiles between which a histogram is drawn when a few extreme numbers would flatten it.
CORE = (0.01, 0.99)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A cell that is not of its column's kind."""

    line: int
    cell: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, dates (seconds since 1970) or booleans (1 and 0) in figures."""

    low: float
    high: float
    mean: float
    stddev: float | None
    quartiles: tuple[float, float, float]
    core: tuple[float, float]
    #: Whether quartiles, core and `sketch` are exact.
    exact: bool
    #: Sorted (number, how many it stands for).
    sketch: list[tuple[float, int]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Summary:
    """All that is known of a column at the end."""

    name: str
    kind: Kind
    filled: int
    missing: int
    distinct: Count
    common: list[tuple[str, Count]]
    #: None for text.
    numbers: Numbers | None = None
    misfits: int = 0
    first_misfit: Misfit | None = None


class Column:
    def __init__(self, name: str, decimal: Decimal, max_values: int = MAX_VALUES) -> None:
        self.name = name
        self._filled = 0
        self._missing = 0
        self._values = Values(max_values)
        self._candidates = {kind: _Candidate(parse) for kind, parse in parsers(decimal).items()}

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Takes the next cells in, and the line on which each one's record ends."""
        stripped = list(map(str.strip, cells))
        filled = [cell for cell in stripped if cell not in MISSING]
        self._missing += len(cells) - len(filled)
        if not filled:
            return
        self._filled += len(filled)
        self._values.add(filled)
        for kind, candidate in list(self._candidates.items()):
            misfit = candidate.add(filled)
            if misfit is not None and candidate.first_misfit is None:
                candidate.first_misfit = Misfit(lines[stripped.index(misfit)], shortened(misfit))
            if candidate.is_hopeless:
                del self._candidates[kind]

    def summary(self) -> Summary:
        kind, candidate = self._best()
        return Summary(
            name=self.name,
            kind=kind,
            filled=self._filled,
            missing=self._missing,
            distinct=self._distinct(),
            common=self._values.most_common(MAX_COMMON),
            numbers=candidate.numbers() if candidate else None,
            misfits=candidate.misfits if candidate else 0,
            first_misfit=candidate.first_misfit if candidate else None,
        )

    def _distinct(self) -> Count:
        """An estimate may miss by more than there are cells."""
        found = self._values.distinct
        return found if found.exact else Count(min(found.number, self._filled), exact=False)

    def _best(self) -> "tuple[Kind, _Candidate | None]":
        for kind, candidate in self._candidates.items():
            if self._filled and candidate.moments.count >= MIN_FIT * self._filled:
                return kind, candidate
        return Kind.TEXT, None


class _Candidate:
    """A kind that the column may turn out to have."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self.moments = Moments()
        self._quantiles = Quantiles()
        self.misfits = 0
        self.first_misfit: Misfit | None = None

    def add(self, cells: list[str]) -> str | None:
        """Takes in what fits; returns the first cell that does not."""
        fits, misfits = self._parse(cells)
        self.moments.add(fits)
        self._quantiles.add(fits)
        self.misfits += len(misfits)
        return misfits[0] if misfits else None

    @property
    def is_hopeless(self) -> bool:
        seen = self.moments.count + self.misfits
        return seen >= TRIAL and self.misfits > seen / 2

    def numbers(self) -> Numbers:
        core_low, first, median, third, core_high = self._quantiles.at(CORE[0], 0.25, 0.5, 0.75, CORE[1])
        return Numbers(
            low=self.moments.low,
            high=self.moments.high,
            mean=self.moments.mean,
            stddev=self.moments.stddev,
            quartiles=(first, median, third),
            core=(core_low, core_high),
            exact=self._quantiles.is_exact,
            sketch=self._quantiles.weighted(),
        )


def columns(names: Sequence[str], decimal: Decimal) -> list[Column]:
    """Empty columns that together stay within the memory for counted values."""
    share = max(MIN_VALUES, min(MAX_VALUES, MAX_VALUES_OF_FILE // len(names)))
    return [Column(name, decimal, share) for name in names]
