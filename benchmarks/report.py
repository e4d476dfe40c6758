"""The markdown of a run."""

from collections.abc import Iterator, Sequence

from benchmarks.contender import Contender
from benchmarks.contenders import BASELINE, WITHOUT_ROWS
from benchmarks.metrics import TABLES, THROUGHPUT, Metric, Table
from benchmarks.results import Results

#: Runs on one machine drift; less than this is called no difference.
NOTABLE = 1.25


def markdown(results: Results, contenders: Sequence[Contender], heading: str) -> str:
    """Empty tables are left out; `heading` says what was run, and on what."""
    baseline = next((each for each in contenders if each.name == BASELINE), contenders[0])
    parts = [
        f"{heading} In brackets: how many times better {plain(baseline)} is.",
        *(table(each, results, contenders, baseline) for each in TABLES),
        beside_arq(results, contenders),
        ahead(results, contenders, baseline),
        "\n".join(f"- {failure}" for failure in results.failures.values()),
    ]
    return "\n\n".join(part for part in parts if part)


def table(of: Table, results: Results, contenders: Sequence[Contender], baseline: Contender) -> str:
    """Empty when nothing of it was measured. A row without any value is left out."""
    rows = [
        f"| {contender.title} | {' | '.join(cells)} |"
        for contender in contenders
        if any(cells := [cell(results, contender, baseline, metric) for metric in of.columns])
    ]
    if not rows:
        return ""
    head = [
        f"| | {' | '.join(metric.title for metric in of.columns)} |",
        "|---" + "|--:" * len(of.columns) + "|",
    ]
    return "\n".join([f"### {of.title}", "", *head, *rows])


def cell(results: Results, contender: Contender, baseline: Contender, metric: Metric) -> str:
    value = results.value(contender, metric)
    if value is None:
        return ""
    text = f"{value:,.{metric.digits}f}"
    ratio = results.ratio(contender, baseline, metric)
    if contender is baseline or not metric.has_ratio or ratio is None:
        return text
    return f"{text} ({times(ratio)})"


def times(ratio: float) -> str:
    """Two significant digits: 34×, 3.4×, 0.34×."""
    digits = 0 if ratio >= 10 else 1 if ratio >= 1 else 2
    return f"{ratio:,.{digits}f}×"


def beside_arq(results: Results, contenders: Sequence[Contender]) -> str:
    """Where nothing is committed on either side, and the tables' ratios say little."""
    by_name = {each.name: each for each in contenders}
    if not all(name in by_name for name in WITHOUT_ROWS):
        return ""
    plain_arq, arq = (by_name[name] for name in WITHOUT_ROWS)
    ratio = results.ratio(arq, plain_arq, THROUGHPUT)
    return f"{plain(plain_arq)}: {times(ratio)} the no-op jobs/s of {plain(arq)}." if ratio else ""


def ahead(results: Results, contenders: Sequence[Contender], baseline: Contender) -> str:
    """Where others were better than the baseline in this run."""
    lines = [
        f"- {plain(contender)}: {', '.join(wins)}"
        for contender in contenders
        if not contender.is_ours and (wins := list(_wins(results, contender, baseline)))
    ]
    return "\n".join(["### Where peers were ahead", "", *lines]) if lines else ""


def _wins(results: Results, contender: Contender, baseline: Contender) -> Iterator[str]:
    for of in TABLES:
        for metric in of.columns:
            ratio = results.ratio(contender, baseline, metric) if metric.has_ratio else None
            if ratio is not None and ratio < 1 / NOTABLE:
                yield f"{metric.title} {times(1 / ratio)}"


def plain(contender: Contender) -> str:
    return contender.title.replace("**", "")
