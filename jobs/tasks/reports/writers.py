"""The report's files. Their libraries are loaded by the process that writes one, not by every web process."""

from typing import BinaryIO, Literal

from .report import Report
from .table import write_csv

type Format = Literal["pdf", "xlsx", "csv"]

CONTENT_TYPES: dict[Format, str] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def write(report: Report, target: BinaryIO, form: Format) -> None:
    match form:
        case "pdf":
            from .pdf import write_pdf

            write_pdf(report, target)
        case "xlsx":
            from .xlsx import write_xlsx

            write_xlsx(report, target)
        case "csv":
            write_csv(report, target)
