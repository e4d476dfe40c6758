"""What a report says, whatever it is written as."""

from dataclasses import dataclass
from datetime import datetime

from .columns import Summary
from .dialect import NAMES, Dialect
from .figures import count_text, size_text
from .kinds import Kind
from .values import shortened

#: Columns that a job's result lists; the files have them all.
MAX_RESULT_COLUMNS = 50
_MAX_RESULT_TEXT = 80


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    #: The uploaded file's name and size in bytes.
    name: str
    size: int
    dialect: Dialect
    rows: int
    columns: list[Summary]
    built_at: datetime

    @property
    def subtitle(self) -> str:
        cut = f"cut at each {NAMES[self.dialect.delimiter]}"
        mark = "point" if self.dialect.decimal == "." else "comma"
        return f"{size_text(self.size)}, {cut}, decimal {mark} · {self.built_at:%-d %B %Y, %H:%M} UTC"

    @property
    def filled(self) -> int:
        return sum(column.filled for column in self.columns)

    @property
    def cells(self) -> int:
        return self.rows * len(self.columns)

    @property
    def columns_with_gaps(self) -> int:
        return sum(column.missing > 0 for column in self.columns)

    def result(self, files: list[str]) -> dict[str, object]:
        """The job's return value."""
        return {
            "rows": self.rows,
            "column_count": len(self.columns),
            "delimiter": self.dialect.delimiter,
            "decimal": self.dialect.decimal,
            "columns": [_result_column(column) for column in self.columns[:MAX_RESULT_COLUMNS]],
            "files": files,
        }


def _result_column(column: Summary) -> dict[str, object]:
    found: dict[str, object] = {
        "name": shortened(column.name, _MAX_RESULT_TEXT),
        "type": column.kind.value,
        "filled": column.filled,
        "missing": column.missing,
        "misfits": column.misfits,
        "distinct": column.distinct.number,
        "distinct_exact": column.distinct.exact,
    }
    if column.numbers and column.kind is Kind.NUMBER:
        numbers = column.numbers
        found |= {
            "min": numbers.low,
            "max": numbers.high,
            "mean": numbers.mean,
            "stddev": numbers.stddev,
            "median": numbers.quartiles[1],
            "quartiles_exact": numbers.exact,
        }
    elif column.common:
        found["most_common"] = [
            {"value": shortened(value, _MAX_RESULT_TEXT), "count": count.number, "exact": count.exact}
            for value, count in column.common[:3]
        ]
    return found


def sentence(column: Summary) -> str:
    """How full the column is and how many different values it has."""
    parts = [f"{column.filled:,} filled"]
    if column.missing:
        parts.append(f"{column.missing:,} missing")
    if column.filled:
        unique = column.distinct.exact and column.distinct.number == column.filled
        parts.append("all different" if unique else f"{count_text(column.distinct)} different")
    return " · ".join(parts)


def misfit_sentence(column: Summary) -> str:
    """What did not fit the column's kind; "" if everything did."""
    if column.first_misfit is None:
        return ""
    cells = f"{column.misfits:,} cells are" if column.misfits > 1 else "1 cell is"
    kind = {Kind.NUMBER: "not a number", Kind.DATE: "not a date", Kind.BOOLEAN: "neither true nor false"}[
        column.kind
    ]
    first = f"“{shortened(column.first_misfit.cell, 40)}” on line {column.first_misfit.line:,}"
    return f"{cells} {kind} and left out of the figures, the first {first}"
