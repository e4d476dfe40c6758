"""reports.build: an uploaded CSV file becomes a report of its columns."""

import tempfile
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from django.core.files.base import File
from django.tasks import task
from pydantic import Field

from jobs import Accept, JobContext, Upload

from .columns import columns
from .dialect import Delimiter, guess
from .figures import size_text
from .kinds import Decimal
from .reading import Table, check_size
from .report import Report
from .source import Source, text_of
from .svg import svg
from .writers import CONTENT_TYPES, Format, write

#: Share of the progress that reading takes.
READING = 0.95


@task(
    takes_context=True,
    expose="reports.build",
    executor="process",
    timeout=timedelta(minutes=10),
    max_memory=512 * 1024 * 1024,
    max_attempts=3,
)
def build(
    context: JobContext,
    source: Annotated[Upload, Accept("text/csv", ".csv", ".tsv"), Field(description="UTF-8, up to 100 MB.")],
    *,
    format: Annotated[Literal["pdf", "xlsx", "csv"], Field(description="The report's file.")] = "pdf",  # noqa: A002
    title: Annotated[str, Field(max_length=120, description="Left empty: the file's name.")] = "",
    delimiter: Annotated[
        Literal["auto", ",", ";", "\t", "|"], Field(description="Between cells; auto looks at the file.")
    ] = "auto",
    decimal: Annotated[
        Literal["auto", ".", ","], Field(description="In numbers; auto looks at the file.")
    ] = "auto",
) -> dict[str, Any]:
    """Statistics and a chart for every column of a CSV file, as PDF, XLSX or CSV."""
    with context.open(source) as file:
        report = _read(context, file, title.strip(), delimiter, decimal)
    context.progress(READING, f"Writing the {format.upper()}")
    files = [_save_report(context, report, format), _save_chart(context, report)]
    context.progress(1.0, f"{report.rows:,} rows, {len(report.columns):,} columns")
    return report.result(files)


def _read(
    context: JobContext,
    file: "File[bytes]",
    title: str,
    delimiter: Delimiter | Literal["auto"],
    decimal: Decimal | Literal["auto"],
) -> Report:
    """The file's statistics, a batch of records at a time. Raises InvalidInput."""
    check_size(file)
    source = Source(file)
    text, beginning = text_of(source)
    dialect = guess(beginning, delimiter, decimal)
    table = Table(text, dialect)
    found = columns(table.names, dialect.decimal)
    rows = 0
    for batch in table.batches():
        for column, cells in zip(found, zip(*batch.records, strict=True), strict=True):
            column.add(cells, batch.lines)
        rows += len(batch.records)
        done = f"{size_text(source.position)} of {size_text(file.size)}, {rows:,} rows"
        context.progress(READING * (source.position / file.size), done)
    name = file.name or "table.csv"
    return Report(
        title=title or name,
        name=name,
        size=file.size,
        dialect=dialect,
        rows=rows,
        columns=[column.summary() for column in found],
        built_at=datetime.now(UTC),
    )


def _save_report(context: JobContext, report: Report, form: Format) -> str:
    with tempfile.TemporaryFile() as target:
        write(report, target, form)
        target.seek(0)
        return context.save(f"report.{form}", target, CONTENT_TYPES[form])


def _save_chart(context: JobContext, report: Report) -> str:
    return context.save("chart.svg", svg(report).encode(), "image/svg+xml")
