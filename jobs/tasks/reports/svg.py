"""The first columns' charts side by side as one SVG that a page can show, in light and dark."""

from itertools import islice
from xml.sax.saxutils import escape

from .charts import Chart, chart_of
from .columns import Summary
from .report import Report
from .values import shortened

#: Columns drawn; the report has all.
MAX_CHARTS = 12
_WIDTH, _GAP, _COLUMNS, _MARGIN = 760, 20, 2, 16
_CARD_WIDTH = (_WIDTH - (_COLUMNS - 1) * _GAP) // _COLUMNS
_CARD_HEIGHT, _HEAD = 164, 34
_BODY = 108
#: A page's own styles don't reach into an image, so it brings both colour schemes.
_STYLE = """
text{font-family:system-ui,sans-serif;font-size:12px;fill:#182230}
.name{font-weight:600;font-size:13px}.soft{fill:#667085;font-size:11px}
.bar{fill:#3b5bdb}.track{fill:#edf1fb}.rule{stroke:#e4e7ec}
@media (prefers-color-scheme:dark){
text{fill:#e6e9f0}.soft{fill:#98a2b3}.bar{fill:#7c94f4}.track{fill:#232a3d}.rule{stroke:#344054}}
"""


def svg(report: Report) -> str:
    """An SVG document without scripts or links; never empty, as it says when there is nothing to draw."""
    charts = ((column, chart_of(column)) for column in report.columns)
    drawn = list(islice(((column, chart) for column, chart in charts if chart), MAX_CHARTS))
    rows = -(-len(drawn) // _COLUMNS)
    height = rows * (_CARD_HEIGHT + _GAP) - _GAP if drawn else 40
    cards = [_card(column, chart, index) for index, (column, chart) in enumerate(drawn)]
    body = "".join(cards) or _text(0, 24, "No column has anything to draw.", "soft")
    width = _WIDTH + 2 * _MARGIN
    box = f"{-_MARGIN} {-_MARGIN} {width} {height + 2 * _MARGIN}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}" height="{height + 2 * _MARGIN}" '
        f'role="img"><title>{_safe(report.title)}</title><style>{_STYLE}</style>{body}</svg>\n'
    )


def _card(column: Summary, chart: Chart, index: int) -> str:
    x = index % _COLUMNS * (_CARD_WIDTH + _GAP)
    y = index // _COLUMNS * (_CARD_HEIGHT + _GAP)
    draw = _histogram if chart.kind == "histogram" else _ranking
    name = _text(0, 16, shortened(column.name, 44), "name")
    note = _text(0, _CARD_HEIGHT - 4, shortened(chart.note, 62), "soft")
    return f'<g transform="translate({x} {y})">{name}{draw(chart)}{note}</g>'


def _histogram(chart: Chart) -> str:
    floor = _HEAD + _BODY - 20
    step = min(_CARD_WIDTH / len(chart.bars), 60)
    bars = []
    for index, bar in enumerate(chart.bars):
        height = bar.count / chart.peak * (floor - _HEAD)
        tip = f"{bar.label}: {bar.count:,}"
        bars.append(_rect(index * step, floor - height, step * 0.88, height, name="bar", tip=tip))
    rule = f'<line class="rule" x1="0" y1="{floor}" x2="{_CARD_WIDTH}" y2="{floor}"/>'
    left = _text(0, floor + 14, chart.ends[0], "soft")
    right = _text(step * len(chart.bars), floor + 14, chart.ends[1], "soft", "end")
    return "".join(bars) + rule + left + (right if len(chart.bars) > 1 else "")


def _ranking(chart: Chart) -> str:
    label, track = 120, _CARD_WIDTH - 120 - 70
    rows = []
    pitch = min(18.0, _BODY / len(chart.bars))
    for index, bar in enumerate(chart.bars):
        y = _HEAD + index * pitch
        rows += [
            _text(0, y + 9, shortened(bar.label, 18)),
            _rect(label, y, track, 10, name="track"),
            _rect(label, y, track * bar.count / chart.peak, 10, name="bar", tip=bar.label),
            _text(_CARD_WIDTH, y + 9, f"{bar.count:,}", "soft", "end"),
        ]
    return "".join(rows)


def _rect(x: float, y: float, width: float, height: float, *, name: str, tip: str = "") -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{name}" rx="1.5" {size}><title>{_safe(tip)}</title></rect>'


def _text(x: float, y: float, text: str, name: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{name}" text-anchor="{anchor}">{_safe(text)}</text>'


def _safe(text: str) -> str:
    """XML can't hold control characters, not even escaped, nor the two non-characters at the plane's end."""
    shown = "".join(
        " " if character < " " or character in "\ufffe\uffff" else character for character in text
    )
    return escape(shown, {'"': "&quot;"})
