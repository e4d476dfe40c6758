"""The report as PDF: A4, a summary, a table of all columns, then a card for each."""

from functools import partial
from typing import Any, BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    LongTable,
    PageTemplate,
    Spacer,
    TableStyle,
)

from .charts import chart_of
from .columns import Summary
from .drawing import (
    ACCENT,
    AMBER,
    BODY,
    INK,
    LINE,
    MUTED,
    SOFT,
    TINY,
    TRACK,
    Canvas,
    Style,
    chart_height,
    draw_chart,
)
from .figures import count_text, figures, percent_text, short_value_text
from .fonts import UNKNOWN, Typesetter
from .kinds import Kind
from .report import Report, misfit_sentence, sentence

_MARGIN = 44.0
_WIDTH = A4[0] - 2 * _MARGIN
_FIGURE_ROW = 13.0
#: The table's columns and their widths in points; what is left goes to the first. The first two are text.
_TABLE = {"Column": 0, "Type": 46, "Filled": 44, "Different": 70, "Minimum": 68, "Median": 68, "Maximum": 68}
_WIDTHS = [width or _WIDTH - sum(_TABLE.values()) for width in _TABLE.values()]
_RULES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
        *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    ]
)


def write_pdf(report: Report, target: BinaryIO) -> None:
    type_ = Typesetter()
    subject = f"Statistics of {report.name}"
    document = BaseDocTemplate(target, pagesize=A4, title=report.title, author="Handoff", subject=subject)
    frame = Frame(_MARGIN, 48, _WIDTH, A4[1] - 48 - 40, 0, 0, 0, 0)  # no padding
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=partial(_foot, report, type_)))
    document.build([*_front(type_, report), *_cards(type_, report), *_notes(type_)])


def _foot(report: Report, type_: Typesetter, page: Any, document: Any) -> None:
    canvas = Canvas(type_, _WIDTH, 20)
    canvas.rule(0)
    canvas.text(0, 14, report.title, TINY, room=_WIDTH - 60)
    canvas.text(_WIDTH, 14, f"Page {document.page}", TINY, align="right")
    canvas.drawing.drawOn(page, _MARGIN, 22)


def _front(type_: Typesetter, report: Report) -> list[Flowable]:
    return [
        _head(type_, report),
        _heading(type_, "Columns at a glance"),
        _table(type_, report),
        Spacer(1, 14),
    ]


def _head(type_: Typesetter, report: Report) -> Flowable:
    canvas = Canvas(type_, _WIDTH, 142)
    canvas.box(0, 0, 28, 3, fill=ACCENT)
    size = next((size for size in (22, 18) if type_.width(report.title, size, "SemiBold") <= _WIDTH), 14)
    canvas.text(0, 30, report.title, Style(size, INK, "SemiBold"), room=_WIDTH)
    name = report.name if report.name != report.title else "Report on every column"
    canvas.text(0, 47, name, Style(9, INK, "Medium"), room=_WIDTH)
    canvas.text(0, 60, report.subtitle, Style(8.5, MUTED), room=_WIDTH)
    tiles = {
        "Rows": f"{report.rows:,}",
        "Columns": f"{len(report.columns):,}",
        "Cells filled": percent_text(report.filled, report.cells),
        "Columns with gaps": f"{report.columns_with_gaps:,}",
    }
    width = (_WIDTH - 3 * 10) / 4
    for index, (name, figure) in enumerate(tiles.items()):
        left = index * (width + 10)
        canvas.box(left, 74, width, 48, fill=TRACK, radius=5)
        canvas.text(left + 11, 90, name, SOFT)
        canvas.text(left + 11, 111, figure, Style(16, INK, "SemiBold"), room=width - 22)
    return canvas.drawing


def _heading(type_: Typesetter, text: str) -> Flowable:
    canvas = Canvas(type_, _WIDTH, 24)
    canvas.text(0, 14, text, Style(12.5, INK, "SemiBold"))
    return canvas.drawing


def _table(type_: Typesetter, report: Report) -> Flowable:
    head = [_cell(type_, place, name, SOFT) for place, name in enumerate(_TABLE)]
    rows = [
        [_cell(type_, place, text, BODY) for place, text in enumerate(_row(column, report.rows))]
        for column in report.columns
    ]
    return LongTable([head, *rows], colWidths=_WIDTHS, repeatRows=1, style=_RULES)


def _row(column: Summary, rows: int) -> list[str]:
    numbers = column.numbers
    filled, distinct = percent_text(column.filled, rows), count_text(column.distinct, "≈")
    start = [column.name, column.kind.value, filled, distinct]
    if numbers is None or column.kind is Kind.BOOLEAN:
        return [*start, "", "", ""]
    places = (numbers.low, numbers.quartiles[1], numbers.high)
    return [*start, *(short_value_text(column, place) for place in places)]


def _cell(type_: Typesetter, place: int, text: str, style: Style) -> Flowable:
    width = _WIDTHS[place]
    canvas = Canvas(type_, width, 17)
    if place > 1:
        canvas.text(width, 11.5, text, style, room=width - 8, align="right")
    else:
        canvas.text(0, 11.5, text, style, room=width - 8)
    return canvas.drawing


def _cards(type_: Typesetter, report: Report) -> list[Flowable]:
    cards = [_card(type_, column, report.rows) for column in report.columns]
    return [CondPageBreak(160), _heading(type_, "Column by column"), *cards]


def _card(type_: Typesetter, column: Summary, rows: int) -> Flowable:
    chart, facts, misfits = chart_of(column), figures(column), misfit_sentence(column)
    head = 50.0 if misfits else 38.0
    body = max(chart_height(chart) if chart else 0.0, _FIGURE_ROW * len(facts))
    canvas = Canvas(type_, _WIDTH, head + body + 16)
    _card_head(canvas, column, rows)
    if misfits:
        canvas.text(0, 41, f"{misfits}.", Style(7.5, AMBER), room=_WIDTH)
    for index, (label, figure) in enumerate(facts):
        level = head + 9 + index * _FIGURE_ROW
        canvas.text(0, level, label, SOFT)
        canvas.text(170, level, figure, Style(7.5, INK, "Medium"), room=100, align="right")
    if chart:
        left = 200.0 if facts else 0.0
        draw_chart(canvas, chart, left, head, _WIDTH - left)
    return canvas.drawing


def _card_head(canvas: Canvas, column: Summary, rows: int) -> None:
    canvas.rule(0)
    name = canvas.text(0, 17, column.name, Style(10.5, INK, "SemiBold"), room=_WIDTH - 140)
    badge = Style(7, ACCENT, "Medium")
    canvas.box(
        name + 8, 8, canvas.type.width(column.kind, badge.size, badge.weight) + 10, 12, fill=TRACK, radius=6
    )
    canvas.text(name + 13, 16.6, column.kind, badge)
    canvas.text(0, 29, sentence(column), SOFT, room=_WIDTH - 90)
    share = column.filled / rows
    canvas.text(_WIDTH, 17, f"{percent_text(column.filled, rows)} filled", TINY, align="right")
    canvas.box(_WIDTH - 80, 23, 80, 4, fill=TRACK, radius=2)
    if share:
        canvas.box(_WIDTH - 80, 23, 80 * share, 4, fill=ACCENT, radius=min(2, 40 * share))


def _notes(type_: Typesetter) -> list[Flowable]:
    """What the reader should know about the characters; called when all text has been set."""
    notes = []
    if type_.has_unknown:
        notes.append(
            f"{UNKNOWN} is a character that this report's fonts lack; the XLSX and CSV reports have it."
        )
    if type_.has_east_asian:
        notes.append("Chinese, Japanese and Korean text is shown in fonts of your PDF reader.")
    return [_note(type_, note) for note in notes]


def _note(type_: Typesetter, text: str) -> Flowable:
    canvas = Canvas(type_, _WIDTH, 16)
    canvas.text(0, 12, text, SOFT, room=_WIDTH)
    return canvas.drawing
