"""The statistics as one row a column, for CSV and XLSX, and text made safe for spreadsheets."""

import csv
import io
from typing import BinaryIO

from .columns import MAX_COMMON, Summary
from .kinds import Kind, date_text
from .report import Report

type Cell = str | int | float | bool | None

HEADER = (
    "column",
    "type",
    "filled",
    "missing",
    "misfits",
    "distinct",
    "distinct_exact",
    "min",
    "lower_quartile",
    "median",
    "upper_quartile",
    "max",
    "mean",
    "stddev",
    "quartiles_exact",
    *(f"{part}_{rank}" for rank in range(1, MAX_COMMON + 1) for part in ("value", "count")),
    "counts_exact",
)


def row(column: Summary) -> list[Cell]:
    """In the order of HEADER; dates as ISO 8601 text, their standard deviation in seconds."""
    common: list[Cell] = [None] * (2 * MAX_COMMON)
    for rank, (value, count) in enumerate(column.common):
        common[2 * rank : 2 * rank + 2] = [value, count.number]
    return [
        column.name,
        column.kind.value,
        column.filled,
        column.missing,
        column.misfits,
        column.distinct.number,
        column.distinct.exact,
        *_figures(column),
        *common,
        all(count.exact for _, count in column.common),
    ]


def _figures(column: Summary) -> list[Cell]:
    numbers = column.numbers
    if numbers is None:
        return [None] * 8
    places = [numbers.low, *numbers.quartiles, numbers.high, numbers.mean]
    shown: list[Cell] = [date_text(place) if column.kind is Kind.DATE else place for place in places]
    return [*shown, numbers.stddev, numbers.exact]


def write_csv(report: Report, target: BinaryIO) -> None:
    """UTF-8 with a byte order mark, without which spreadsheets take it for something else."""
    text = io.TextIOWrapper(target, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for column in report.columns:
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row(column)])
    text.detach()


def inert(text: str) -> str:
    """Text that no spreadsheet runs as a formula: what could start one gets an apostrophe before it.

    See OWASP, "CSV injection". Plain numbers such as -5 stay as they are.
    """
    if not text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) and text[:1] not in (
        "\t",
        "\r",
        "\n",
    ):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
