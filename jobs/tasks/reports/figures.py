"""Numbers as a reader likes them."""

import math

from .columns import Summary
from .kinds import Kind, date_text
from .values import Count


def number_text(number: float) -> str:
    """Grouped by thousands, whole numbers whole, others with six significant digits."""
    if number == 0:
        return "0"
    size = math.floor(math.log10(abs(number)))
    if not -5 <= size < 15:
        return f"{number:.3e}"
    if number == int(number):
        return f"{number:,.0f}"
    text = f"{number:,.{max(0, 5 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count_text(count: Count, about: str = "about") -> str:
    """An estimate says so, and is rounded."""
    return f"{count.number:,}" if count.exact else f"{about} {_rounded(count.number):,}"


def _rounded(number: int) -> int:
    """Three digits: more would claim a precision that an estimate lacks."""
    unit: int = 10 ** max(0, len(str(number)) - 3)
    return round(number / unit) * unit


def percent_text(part: int, whole: int) -> str:
    """With a decimal where rounding would say 0 or 100 % of what isn't."""
    share = 100 * part / whole if whole else 0.0
    if part in (0, whole):
        return f"{share:.0f} %"
    if share < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if share > 99.9 else f"{share:.1f} %"


def size_text(size: int) -> str:
    if size < 1_000:
        return f"{size} bytes"
    unit, divisor = ("MB", 1_000_000) if size >= 1_000_000 else ("KB", 1_000)
    return f"{size / divisor:.1f} {unit}"


def value_text(column: Summary, number: float) -> str:
    """A number of the column's kind: a date as a date."""
    return date_text(number) if column.kind is Kind.DATE else number_text(number)


def short_value_text(column: Summary, number: float) -> str:
    """The same where room is short: without the time of day unless all is within two days."""
    text = value_text(column, number)
    is_long = column.numbers is not None and column.numbers.high - column.numbers.low > 2 * 86_400
    return text[:10] if column.kind is Kind.DATE and is_long else text


def duration_text(seconds: float) -> str:
    """A spread of dates in its largest unit."""
    for name, length in (("years", 365.25 * 86_400), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f} {name}"
    return f"{seconds:,.1f} seconds"


def figures(column: Summary) -> list[tuple[str, str]]:
    """What there is to say about the column's numbers, in reading order; empty for text."""
    numbers = column.numbers
    if numbers is None:
        return []
    if column.kind is Kind.BOOLEAN:
        return [("true", percent_text(round(numbers.mean * (column.filled - column.misfits)), column.filled))]
    first, median, third = (value_text(column, quartile) for quartile in numbers.quartiles)
    spread = [] if numbers.stddev is None else [("std. deviation", _spread_text(column, numbers.stddev))]
    mark = "" if numbers.exact else " (est.)"
    return [
        ("minimum", value_text(column, numbers.low)),
        (f"lower quartile{mark}", first),
        (f"median{mark}", median),
        (f"upper quartile{mark}", third),
        ("maximum", value_text(column, numbers.high)),
        ("mean", value_text(column, numbers.mean)),
        *spread,
    ]


def _spread_text(column: Summary, stddev: float) -> str:
    return duration_text(stddev) if column.kind is Kind.DATE else number_text(stddev)
