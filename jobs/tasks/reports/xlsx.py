"""The report as an Excel workbook: an overview, the statistics, and a native chart for each column."""

from dataclasses import dataclass
from typing import Any, BinaryIO

import xlsxwriter

from .charts import Chart, chart_of
from .report import Report, misfit_sentence
from .table import HEADER, Cell, row

#: Charts drawn; each is as heavy for the spreadsheet as thousands of cells.
MAX_CHARTS = 60
_ACCENT = "#3B5BDB"
_CHART_ROWS = 15


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Where a chart's numbers lie on the sheet of bars: rows from 0, both inclusive."""

    name: str
    chart: Chart
    first: int
    last: int


def write_xlsx(report: Report, target: BinaryIO) -> None:
    """Rows are written out as they come; text is always written as text, so that no cell is a formula or a link."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties(
            {"title": report.title, "subject": f"Statistics of {report.name}", "comments": "Handoff"}
        )
        head = book.add_format({"bold": True, "bg_color": "#EDF1FB", "bottom": 1, "bottom_color": _ACCENT})
        _overview(book, report)
        _statistics(book.add_worksheet("Columns"), report, head)
        charts = book.add_worksheet("Charts")
        _charts(book, charts, _bars(book.add_worksheet("Bars"), report, head))


def _overview(book: Any, report: Report) -> None:
    sheet = book.add_worksheet("Overview")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 60)
    sheet.write_string(
        0, 0, report.title, book.add_format({"bold": True, "font_size": 18, "font_color": "#182230"})
    )
    soft = book.add_format({"font_color": "#667085"})
    figure = book.add_format({"num_format": "#,##0", "align": "left"})
    share = book.add_format({"num_format": "0.0%", "align": "left"})
    sheet.write_string(1, 0, report.subtitle, soft)
    facts: list[tuple[str, Cell, Any]] = [
        ("File", report.name, None),
        ("Rows", report.rows, figure),
        ("Columns", len(report.columns), figure),
        ("Cells filled", report.filled / report.cells, share),
        ("Columns with gaps", report.columns_with_gaps, figure),
    ]
    for index, (label, value, form) in enumerate(facts, start=3):
        sheet.write_string(index, 0, label, soft)
        _write(sheet, index, 1, value, form)
    notes = [f"{column.name}: {text}." for column in report.columns if (text := misfit_sentence(column))]
    for index, note in enumerate(notes, start=9):
        sheet.write_string(index, 0, note)


def _statistics(sheet: Any, report: Report, head: Any) -> None:
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(HEADER) - 1, 14)
    sheet.autofilter(0, 0, len(report.columns), len(HEADER) - 1)
    for place, name in enumerate(HEADER):
        sheet.write_string(0, place, name, head)
    for index, column in enumerate(report.columns, start=1):
        for place, cell in enumerate(row(column)):
            _write(sheet, index, place, cell)


def _bars(sheet: Any, report: Report, head: Any) -> list[_Drawn]:
    """The numbers behind the charts, one bar a row."""
    sheet.set_column(0, 1, 28)
    for place, name in enumerate(("column", "bar", "count")):
        sheet.write_string(0, place, name, head)
    drawn: list[_Drawn] = []
    line = 1
    for column in report.columns:
        chart = chart_of(column)
        if chart is None or len(drawn) == MAX_CHARTS:
            continue
        drawn.append(_Drawn(column.name, chart, line, line + len(chart.bars) - 1))
        for bar in chart.bars:
            sheet.write_string(line, 0, column.name)
            sheet.write_string(line, 1, bar.label)
            sheet.write_number(line, 2, bar.count)
            line += 1
    return drawn


def _charts(book: Any, sheet: Any, drawn: list[_Drawn]) -> None:
    sheet.hide_gridlines(2)
    for index, part in enumerate(drawn):
        is_ranking = part.chart.kind == "ranking"
        chart = book.add_chart({"type": "bar" if is_ranking else "column"})
        chart.add_series(
            {
                "categories": ["Bars", part.first, 1, part.last, 1],
                "values": ["Bars", part.first, 2, part.last, 2],
                "fill": {"color": _ACCENT},
                "gap": 40 if is_ranking else 8,
            }
        )
        chart.set_title({"name": part.name, "overlay": False, "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        chart.set_x_axis({"num_font": {"size": 8}})
        chart.set_y_axis(
            {"num_font": {"size": 8}, "reverse": is_ranking, "major_gridlines": {"visible": not is_ranking}}
        )
        chart.set_size({"width": 470, "height": 270})
        sheet.insert_chart(index // 2 * _CHART_ROWS, index % 2 * 8, chart)


def _write(sheet: Any, line: int, place: int, value: Cell, form: Any = None) -> None:
    """By type; `Worksheet.write` would guess from the text."""
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(line, place, value, form)
        case str():
            sheet.write_string(line, place, value, form)
        case int() | float():
            sheet.write_number(line, place, value, form)
