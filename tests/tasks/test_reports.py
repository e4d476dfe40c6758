"""reports.build from an upload to its files."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from typing import Any

import pytest
from django.core.files.base import ContentFile

from jobs import InvalidInput
from jobs.errors import UploadNotFound
from jobs.files import store_upload
from jobs.models import File
from jobs.tasks.reports import build
from jobs.tasks.reports.dialect import NAMES
from jobs.tasks.reports.fonts import UNKNOWN, Typesetter
from jobs.tasks.reports.reading import MAX_COLUMNS
from jobs.tasks.reports.table import inert
from jobs.tasks.reports.xlsx import MAX_CHARTS
from tests.tasks.contexts import Said, context_of, new_context

# The context closes old connections, as in a worker; a test inside of a transaction would lose its own.
pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = """id,region,price,paid,day
1,North,10.5,yes,2024-01-01
2,South,20,no,2024-01-02
3,North,30,yes,
4,"=HYPERLINK(""http://x"")",-5,yes,2024-02-01
5,"=HYPERLINK(""http://x"")",,no,2024-03-01
"""
MAX_RESULT_BYTES = 256 * 1024


@pytest.fixture
def owner(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def run(owner):
    """Builds a report of `content`; answers the result and a function that reads a file of it."""

    def build_of(content: str | bytes, said: Said | None = None, **arguments: Any):
        data = content.encode() if isinstance(content, str) else content
        upload = store_upload(
            owner_id=owner.pk, name="orders.csv", content_type="text/csv", content=ContentFile(data)
        )
        context = new_context(build, owner=owner, said=said)
        result = build.func(context, str(upload.id), **arguments)

        def read(name: str) -> bytes:
            with File.objects.get(job=context.job.id, name=name).content.open("rb") as file:
                return bytes(file.read())

        return result, read

    return build_of


def test_the_result_names_the_columns_figures_and_files(run):
    result, _ = run(ORDERS, format="csv")
    assert (result["rows"], result["column_count"], result["delimiter"], result["decimal"]) == (
        5,
        5,
        ",",
        ".",
    )
    assert [column["type"] for column in result["columns"]] == ["number", "text", "number", "boolean", "date"]
    price = result["columns"][2]
    assert {key: price[key] for key in ("filled", "missing", "min", "max", "mean", "median")} == {
        "filled": 4,
        "missing": 1,
        "min": -5,
        "max": 30,
        "mean": 13.875,
        "median": 15.25,
    }
    assert result["columns"][1]["most_common"][0]["count"] == 2
    assert result["files"] == ["report.csv", "chart.svg"]
    json.dumps(result, allow_nan=False)


def test_progress_counts_bytes_and_ends_at_one(run):
    said: Said = []
    run("a,b\n" + "1,2\n" * 200_000, said=said, format="csv")
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert fractions[0] == pytest.approx(0.95 * 131_072 / 800_004)
    assert fractions[-1] == 1.0
    assert said[0][1] == "131.1 KB of 800.0 KB, 4,096 rows"


def test_the_csv_report_has_a_row_a_column_and_no_formula(run):
    _, read = run(ORDERS, format="csv")
    rows = list(csv.DictReader(io.StringIO(read("report.csv").decode("utf-8-sig"))))
    assert [row["column"] for row in rows] == ["id", "region", "price", "paid", "day"]
    assert (rows[2]["min"], rows[2]["mean"]) == ("-5.0", "13.875")
    assert rows[4]["max"] == "2024-03-01"
    assert rows[1]["value_1"] == '\'=HYPERLINK("http://x")'


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1"])
def test_text_that_a_spreadsheet_could_run_gets_an_apostrophe(text):
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+1.5e3", "a=b", "", "2024-01-01"])
def test_text_that_it_could_not_run_stays_as_it_is(text):
    assert inert(text) == text


def test_the_workbook_opens_has_native_charts_and_neither_formula_nor_link(run):
    _, read = run(ORDERS, format="xlsx")
    with zipfile.ZipFile(io.BytesIO(read("report.xlsx"))) as book:
        assert book.testzip() is None
        parts = {
            name: book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels"))
        }
    for text in parts.values():
        ET.fromstring(text)
    sheets = "".join(text for name, text in parts.items() if "worksheets/sheet" in name)
    assert "=HYPERLINK(" in sheets
    assert "<f>" not in sheets
    assert "<hyperlink" not in sheets
    assert "relationships/hyperlink" not in "".join(parts.values())
    assert sum("charts/chart" in name for name in parts) == 5


def test_a_workbook_draws_at_most_so_many_charts(run):
    header = ",".join(f"c{index}" for index in range(MAX_CHARTS + 1))
    _, read = run(header + "\n" + "\n".join([",".join(["1"] * (MAX_CHARTS + 1))] * 2), format="xlsx")
    with zipfile.ZipFile(io.BytesIO(read("report.xlsx"))) as book:
        assert sum("charts/chart" in name for name in book.namelist()) == MAX_CHARTS


def test_the_pdf_is_one_and_has_its_fonts_inside(run):
    _, read = run(ORDERS, format="pdf", title="Ordres d’été — Łódź")
    pdf = read("report.pdf")
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"FiraSans-Regular" in pdf
    assert b"/FontFile2" in pdf
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2


@pytest.mark.parametrize("form", ["pdf", "xlsx", "csv"])
def test_any_text_in_names_and_cells_can_be_written(run, form):
    odd = ["😀 mood", "العربية", "名前 ひらがな", "이름", "<b>&amp;</b>", "\u200b\x01\x0b\ufffe", "x" * 200]
    line = ",".join(odd)
    result, read = run(f"{line}\n{line}\n{line}\n", format=form)
    assert read(f"report.{form}")
    ET.fromstring(read("chart.svg").decode())
    assert len(json.dumps(result)) < MAX_RESULT_BYTES


@pytest.mark.parametrize("form", ["pdf", "xlsx", "csv"])
def test_as_many_columns_as_allowed_make_a_report_and_a_result_of_bounded_size(run, form):
    names = [f"{index:03}" + "\U0001f600" * 197 for index in range(MAX_COLUMNS)]
    line = ",".join("\U0001f600" * 300 for _ in names)
    result, _ = run(",".join(names) + f"\n{line}\n{line}\n", format=form)
    assert result["column_count"] == MAX_COLUMNS
    assert len(result["columns"]) == 50
    assert len(json.dumps(result)) < MAX_RESULT_BYTES


def test_a_character_that_no_font_has_is_a_box_and_noticed():
    type_ = Typesetter()
    assert type_.runs("Łódź Ω") == [("FiraSans-Regular", "Łódź Ω")]
    assert not type_.has_unknown
    assert "".join(text for _, text in type_.runs("a😀")) == f"a{UNKNOWN}"
    assert type_.has_unknown


def test_text_that_does_not_fit_is_cut_with_an_ellipsis_to_what_does():
    type_ = Typesetter()
    cut = type_.fit("a long name of a column", 50, 8)
    assert cut.endswith("…")
    assert type_.width(cut, 8) <= 50
    assert type_.fit("short", 50, 8) == "short"


def test_a_column_without_any_cell_is_reported_as_such(run):
    result, _ = run("a,b\n1,\n2,\n")
    assert result["columns"][1] == {
        "name": "b",
        "type": "text",
        "filled": 0,
        "missing": 2,
        "misfits": 0,
        "distinct": 0,
        "distinct_exact": True,
    }


def test_the_chart_is_drawn_even_if_no_column_has_anything_to_draw(run):
    _, read = run("a,b\nx,y\n")
    assert "No column has anything to draw." in read("chart.svg").decode()


def test_an_empty_title_is_the_files_name(run):
    _, read = run(ORDERS, format="csv", title="  ")
    assert "<title>orders.csv</title>" in read("chart.svg").decode()


@pytest.mark.parametrize("delimiter", list(NAMES))
def test_each_delimiter_can_be_asked_for(run, delimiter):
    result, _ = run(f"a{delimiter}b\n1{delimiter}2\n", delimiter=delimiter, format="csv")
    assert result["column_count"] == 2


def test_a_second_attempt_replaces_the_files_of_the_first(owner):
    upload = store_upload(
        owner_id=owner.pk, name="o.csv", content_type="text/csv", content=ContentFile(ORDERS.encode())
    )
    context = new_context(build, owner=owner)
    for _ in range(2):
        build.func(context_of(context.job), str(upload.id), format="csv")
    assert sorted(File.objects.filter(job=context.job).values_list("name", flat=True)) == [
        "chart.svg",
        "report.csv",
    ]


def test_bad_input_leaves_no_file(run):
    with pytest.raises(InvalidInput, match="Line 3 has 1 cell"):
        run("a,b\n1,2\n3\n")
    assert not File.objects.filter(job__isnull=False).exists()


def test_an_upload_of_somebody_else_is_not_found(run, django_user_model):
    run(ORDERS, format="csv")
    upload = File.objects.get(job__isnull=True)
    stranger = django_user_model.objects.create_user("eve")
    with pytest.raises(UploadNotFound):
        build.func(new_context(build, owner=stranger), str(upload.id))
