"""Vector graphics for PDF: text in any script, boxes, bars. Coordinates run from the top left, in points."""

from dataclasses import dataclass
from typing import Literal

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from .charts import Chart
from .fonts import Typesetter, Weight

INK, MUTED, LINE, ACCENT, TRACK, AMBER = "#182230", "#667085", "#e4e7ec", "#3b5bdb", "#edf1fb", "#b54708"

RANKING_ROW = 13.0
HISTOGRAM_HEIGHT = 84.0
_MAX_BAR = 60.0


@dataclass(frozen=True, slots=True)
class Style:
    size: float
    colour: str = INK
    weight: Weight = "Regular"


BODY, SOFT, TINY = Style(7.5), Style(7.5, MUTED), Style(6.5, MUTED)


class Canvas:
    """A reportlab Drawing, drawn on from the top left."""

    def __init__(self, type_: Typesetter, width: float, height: float) -> None:
        self.type = type_
        self.width, self.height = width, height
        self.drawing = Drawing(width, height)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        style: Style,
        *,
        room: float | None = None,
        align: Literal["left", "right"] = "left",
    ) -> float:
        """Sets text with its baseline at `y`, cut to `room`; returns its width."""
        shown = text if room is None else self.type.fit(text, room, style.size, style.weight)
        width = self.type.width(shown, style.size, style.weight)
        left = x - width if align == "right" else x
        for name, part in self.type.runs(shown, style.weight):
            fill = HexColor(style.colour)
            string = String(left, self.height - y, part, fontName=name, fontSize=style.size, fillColor=fill)
            self.drawing.add(string)
            left += stringWidth(part, name, style.size)
        return width

    def box(self, x: float, y: float, width: float, height: float, *, fill: str, radius: float = 0) -> None:
        bottom = self.height - y - height
        shape = Rect(x, bottom, width, height, radius, radius)
        shape.fillColor, shape.strokeColor = HexColor(fill), None
        self.drawing.add(shape)

    def rule(self, y: float, x: float = 0, width: float | None = None) -> None:
        """A hairline, across the whole width unless told otherwise."""
        level, end = self.height - y, x + (self.width if width is None else width)
        self.drawing.add(Line(x, level, end, level, strokeColor=HexColor(LINE), strokeWidth=0.6))


def chart_height(chart: Chart) -> float:
    body = HISTOGRAM_HEIGHT if chart.kind == "histogram" else RANKING_ROW * len(chart.bars)
    return body + (12 if chart.note else 0)


def draw_chart(canvas: Canvas, chart: Chart, x: float, y: float, width: float) -> None:
    draw = _draw_histogram if chart.kind == "histogram" else _draw_ranking
    draw(canvas, chart, x, y, width)
    if chart.note:
        canvas.text(x, y + chart_height(chart) - 1, chart.note, TINY, room=width)


def _draw_histogram(canvas: Canvas, chart: Chart, x: float, y: float, width: float) -> None:
    top, floor = y + 10, y + HISTOGRAM_HEIGHT - 13
    step = min(width / len(chart.bars), _MAX_BAR)
    gap = min(2.0, step * 0.15)
    canvas.text(x + width, y + 6, f"tallest bar {chart.peak:,}", TINY, align="right")
    for index, bar in enumerate(chart.bars):
        if bar.count:
            height = max(0.8, (floor - top) * bar.count / chart.peak)
            canvas.box(x + index * step + gap / 2, floor - height, step - gap, height, fill=ACCENT)
    canvas.rule(floor, x, width)
    canvas.text(x, floor + 9, chart.ends[0], TINY, room=width / 2)
    if len(chart.bars) > 1:
        canvas.text(x + step * len(chart.bars), floor + 9, chart.ends[1], TINY, room=width / 2, align="right")


def _draw_ranking(canvas: Canvas, chart: Chart, x: float, y: float, width: float) -> None:
    longest = max(canvas.type.width(bar.label, BODY.size) for bar in chart.bars)
    label, figure = min(max(longest + 12, 80), width * 0.4), 48.0
    track = width - label - figure - 8
    for index, bar in enumerate(chart.bars):
        line = y + index * RANKING_ROW
        canvas.text(x, line + 9, bar.label, BODY, room=label - 8)
        canvas.box(x + label, line + 3.2, track, 7, fill=TRACK, radius=1.5)
        canvas.box(
            x + label, line + 3.2, max(1.5, track * bar.count / chart.peak), 7, fill=ACCENT, radius=1.5
        )
        canvas.text(x + width, line + 9, f"{bar.count:,}", SOFT, align="right")
