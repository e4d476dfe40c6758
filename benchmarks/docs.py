"""The place in docs/benchmarks.md that a run fills."""

from benchmarks.environment import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN = "<!-- begin: written by bin/bench --write -->"
END = "<!-- end: written by bin/bench --write -->"


def write(text: str) -> None:
    PAGE.write_text(filled(PAGE.read_text(), text))


def filled(page: str, text: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"
