"""What reports.build says to files that it can't take."""

import io

import pytest

from jobs import InvalidInput
from jobs.tasks.reports.dialect import Dialect, guess
from jobs.tasks.reports.reading import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_NAME,
    MAX_RECORD,
    MAX_SIZE,
    Table,
    check_size,
)
from jobs.tasks.reports.source import CHUNK, Source, text_of


class OfSize:
    def __init__(self, size: int) -> None:
        self.size = size


def records_of(content: bytes, delimiter: str = "auto") -> list[list[str]]:
    text, beginning = text_of(Source(io.BytesIO(content)))
    table = Table(text, guess(beginning, delimiter))
    return [table.names, *(record for batch in table.batches() for record in batch.records)]


def refusal(content: bytes, delimiter: str = "auto") -> str:
    with pytest.raises(InvalidInput) as caught:
        records_of(content, delimiter)
    return str(caught.value)


# What is fine


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b"a,b\r1,2\r",
        b"\xef\xbb\xbfa,b\n1,2",
        b"a;b\n1;2\n",
        b"a\tb\n1\t2\n",
        b"a|b\n1|2\n",
        b'\n"a","b"\n\n1,2\n\n',
    ],
)
def test_line_ends_delimiters_marks_quotes_and_blank_lines_are_taken_as_they_come(content):
    assert records_of(content) == [["a", "b"], ["1", "2"]]


def test_a_quoted_cell_may_have_line_breaks_and_delimiters():
    assert records_of(b'a,b\n"1\n2,","x ""y"""\n')[1] == ["1\n2,", 'x "y"']


def test_a_character_cut_in_two_by_a_read_is_whole():
    lines = b"a,b\n" * (CHUNK // 4 - 1)
    content = b"a,c\n" + lines[: CHUNK - 8] + b"xx," + "é".encode() + b"\n"
    assert content[CHUNK - 1 : CHUNK + 1] == "é".encode()
    assert records_of(content)[-1] == ["xx", "é"]


@pytest.mark.parametrize(
    "beginning, dialect",
    [
        ("a;b\n1,5;2\n", Dialect(";", ",")),
        ("a;b\n1.5;2\n", Dialect(";", ".")),
        ("a;b\n1.234;2\n", Dialect(";", ",")),
        ("a\tb\n1,234\t2\n", Dialect("\t", ".")),
        ("a,b\n1,2\n", Dialect(",", ".")),
        ('a;b\n"x, y, z";1\n"p, q";2\n', Dialect(";", ",")),
        ("a,b;c\n1,2\n3,4\n", Dialect(",", ".")),
    ],
)
def test_delimiter_and_decimal_mark_are_guessed(beginning, dialect):
    assert guess(beginning) == dialect


def test_what_was_asked_for_is_not_guessed():
    assert guess("a;b\n1,5;2\n", ",", ".") == Dialect(",", ".")


# Bytes


@pytest.mark.parametrize(
    "size, words", [(0, "empty"), (MAX_SIZE + 1, "104,857,601 bytes; expected at most 104,857,600")]
)
def test_a_file_of_a_wrong_size_is_refused_before_it_is_read(size, words):
    with pytest.raises(InvalidInput, match=words):
        check_size(OfSize(size))


@pytest.mark.parametrize("size", [1, MAX_SIZE])
def test_a_file_of_a_right_size_is_not(size):
    check_size(OfSize(size))


def test_text_that_is_not_utf8_is_refused_with_the_byte_and_the_line():
    assert "byte 9 (line 3) is 0xE9" in refusal(b"a,b\n1,2\nM\xe9ier,3\n")


def test_text_that_is_not_utf8_far_into_the_file_is_refused_with_its_place_in_the_whole_file():
    content = b"a,b\n" + b"1,2\n" * CHUNK + b"\xff,2\n"
    assert f"byte {4 + 4 * CHUNK:,} (line {CHUNK + 2:,}) is 0xFF" in refusal(content)


def test_a_character_cut_off_by_the_end_of_the_file_is_refused():
    assert "byte 6 (line 2) is 0xC3" in refusal(b"a,b\n1,\xc3")


def test_a_nul_is_refused_with_its_place():
    assert "byte 5 (line 2) is a NUL" in refusal(b"a,b\n1\x00,2\n")


@pytest.mark.parametrize(
    "content, name",
    [
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08rest", "gzip"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_another_format_is_called_by_its_name(content, name):
    message = refusal(content)
    assert name in message
    assert "CSV UTF-8" in message


# Header


@pytest.mark.parametrize("content", [b"\n", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_a_file_of_blank_lines_is_refused(content):
    assert "only blank lines" in refusal(content)


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"a,b\n\n\n"])
def test_a_header_without_data_is_refused(content):
    assert "only a header line" in refusal(content)


def test_a_single_column_is_refused():
    assert "single column, 'name'" in refusal(b"name\nx\ny\n")


def test_a_single_column_from_a_wrong_delimiter_names_the_right_one():
    assert "It has the semicolon: choose that as delimiter" in refusal(b"a;b\n1;2\n", ",")


def test_a_column_without_a_name_is_refused():
    assert "Column 2 of 3 has no name" in refusal(b"a, ,c\n1,2,3\n")


def test_two_columns_of_one_name_are_refused():
    assert "Columns 1 and 3 are both named 'a'" in refusal(b"a,b, a\n1,2,3\n")


def test_data_in_place_of_the_header_is_refused():
    assert "only numbers (1, 2.5)" in refusal(b"1,2.5\n3,4\n")


def test_as_many_columns_as_allowed_are_taken_and_one_more_is_refused():
    def table(width: int) -> bytes:
        return (",".join(f"c{i}" for i in range(width)) + "\n" + "," * (width - 1) + "\n").encode()

    assert len(records_of(table(MAX_COLUMNS))[0]) == MAX_COLUMNS
    assert f"has {MAX_COLUMNS + 1} columns; expected at most {MAX_COLUMNS}" in refusal(table(MAX_COLUMNS + 1))


def test_a_name_as_long_as_allowed_is_taken_and_a_longer_one_refused():
    assert records_of(b"a," + b"n" * MAX_NAME + b"\n1,2\n")
    assert "The name of column 2 has 201 characters" in refusal(b"a," + b"n" * (MAX_NAME + 1) + b"\n1,2\n")


# Records


@pytest.mark.parametrize("line, came", [(b"1", "1 cell"), (b"1,2,3", "3 cells")])
def test_a_ragged_line_is_refused_with_its_number(line, came):
    message = refusal(b"a,b\n1,2\n" + line + b"\n1,2\n")
    assert f"Line 3 has {came}, but the header has 2" in message


def test_the_number_of_a_ragged_line_counts_lines_inside_of_quotes():
    assert refusal(b'a,b\n"1\n2\n3",2\n1\n').startswith("Line 5 ")


def test_a_cell_as_long_as_allowed_is_taken_and_a_longer_one_refused():
    assert records_of(b"a,b\n1," + b"x" * MAX_CELL + b"\n")
    assert "longer than 100,000 characters" in refusal(b"a,b\n1," + b"x" * (MAX_CELL + 1) + b"\n")


def test_a_quote_that_is_never_closed_is_refused():
    assert "still open" in refusal(b'a,b\n1,"2\n3,4\n')


def test_a_quote_that_is_never_closed_in_a_large_file_is_refused_without_reading_it_all():
    file = io.BytesIO(b'a,b\n1,"2\n' + b"3,4\n" * 1_000_000)
    text, beginning = text_of(Source(file))
    with pytest.raises(InvalidInput, match="never closed"):
        list(Table(text, guess(beginning)).batches())
    assert file.tell() < MAX_RECORD


def test_a_file_of_one_endless_line_is_refused_without_reading_it_all():
    file = io.BytesIO(b"a,b\n" + b"x," * 5_000_000)
    text, beginning = text_of(Source(file))
    with pytest.raises(InvalidInput, match="The record on line 2 is longer than 1,000,000 characters"):
        list(Table(text, guess(beginning)).batches())
    assert file.tell() < 2 * MAX_RECORD


def test_text_after_a_closing_quote_is_refused():
    assert "Line 2 can't be read as CSV" in refusal(b'a,b\n"1"x,2\n')
