"""A CSV file as batches of records, with a sentence for everything that can be wrong with it."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from jobs import InvalidInput

from .dialect import DELIMITERS, NAMES, Dialect
from .values import shortened

#: Bytes of a file.
MAX_SIZE = 100 * 1024 * 1024
MAX_COLUMNS = 256
#: Characters of a column's name, of a cell and of a record.
MAX_NAME = 200
MAX_CELL = 100_000
MAX_RECORD = 1_000_000
#: A batch ends at this many records or characters, whichever comes first.
BATCH_RECORDS = 4_096
BATCH_CHARACTERS = 4_000_000


class Sized(Protocol):
    """An opened upload: Django's `File`."""

    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Batch:
    records: list[list[str]]
    #: The line on which each record ends, from 1.
    lines: list[int]


def check_size(file: Sized) -> None:
    """Raises InvalidInput for what need not even be opened."""
    if file.size == 0:
        raise InvalidInput("The file is empty; expected a header line and at least one line of data.")
    if file.size > MAX_SIZE:
        raise InvalidInput(
            f"The file has {file.size:,} bytes; expected at most {MAX_SIZE:,} (100 MB). "
            "Split it and report on the parts."
        )


class Table:
    """The records below the header. Raises InvalidInput as soon as something is wrong, naming the line."""

    def __init__(self, text: io.TextIOWrapper, dialect: Dialect) -> None:
        self._text = text
        #: Characters of the record that was read last or is being read, and of the batch so far.
        self._record = self._batch = 0
        self._reader = csv.reader(self._lines(), delimiter=dialect.delimiter, strict=True)
        self.names = self._header(dialect.delimiter)

    def _lines(self) -> Iterator[str]:
        """Lines for the parser, none so long that it would not fit into memory."""
        while line := self._text.readline(MAX_RECORD + 1):
            self._record += len(line)
            if self._record > MAX_RECORD:
                raise InvalidInput(
                    f"The record on line {self._reader.line_num + 1:,} is longer than {MAX_RECORD:,} characters; most "
                    "often a quotation mark is never closed. Check the quotes there and above."
                )
            yield line

    def _header(self, delimiter: str) -> list[str]:
        record = next(self._records(), None)
        if record is None:
            raise InvalidInput(
                "The file has only blank lines; expected a header line and at least one line of data."
            )
        names = [name.strip() for name in record]
        check_header(names, delimiter)
        return names

    def _records(self) -> Iterator[list[str]]:
        """Records that aren't blank lines."""
        while True:
            self._record = 0
            try:
                record = next(self._reader, None)
            except csv.Error as error:
                raise InvalidInput(self._unparsable(error)) from error
            if record is None:
                return
            self._batch += self._record
            if record:
                yield record

    def _unparsable(self, error: csv.Error) -> str:
        line = f"Line {self._reader.line_num:,}"
        if "unexpected end of data" in str(error):
            return f"{line} is the last, and a quoted cell is still open; expected a closing quotation mark. Add it."
        if "field larger" in str(error):
            return _too_long(self._reader.line_num)
        return f"{line} can't be read as CSV: {error}. Quote cells that have the delimiter, a quote or a line break."

    def batches(self) -> Iterator[Batch]:
        batch, width = Batch([], []), len(self.names)
        is_empty = True
        for record in self._records():
            is_empty = False
            if len(record) != width:
                raise InvalidInput(_ragged(self._reader.line_num, len(record), width))
            if self._record > MAX_CELL and len(max(record, key=len)) > MAX_CELL:
                raise InvalidInput(_too_long(self._reader.line_num))
            batch.records.append(record)
            batch.lines.append(self._reader.line_num)
            if len(batch.records) == BATCH_RECORDS or self._batch > BATCH_CHARACTERS:
                yield batch
                batch, self._batch = Batch([], []), 0
        if batch.records:
            yield batch
        if is_empty:
            raise InvalidInput(
                "The file has only a header line; expected at least one line of data below it."
            )


def check_header(names: list[str], delimiter: str) -> None:
    """Raises InvalidInput unless these can be the columns of a table."""
    if len(names) == 1:
        raise InvalidInput(_single_column(names[0], delimiter))
    if len(names) > MAX_COLUMNS:
        raise InvalidInput(
            f"The header has {len(names):,} columns; expected at most {MAX_COLUMNS}. Leave some out."
        )
    if "" in names:
        raise InvalidInput(
            f"Column {names.index('') + 1} of {len(names)} has no name; expected one for each column in the first "
            "line. Add it."
        )
    if len(longest := max(names, key=len)) > MAX_NAME:
        raise InvalidInput(
            f"The name of column {names.index(longest) + 1} has {len(longest):,} characters; expected at most "
            f"{MAX_NAME}. Shorten it, or add a header line if the first line is data."
        )
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        first = names.index(name)
        second = names.index(name, first + 1)
        raise InvalidInput(
            f"Columns {first + 1} and {second + 1} are both named '{name}'; expected different names. Rename one."
        )
    if all(_is_number(name) for name in names):
        raise InvalidInput(
            f"The first line has only numbers ({shortened(', '.join(names), 60)}); expected the columns' names. "
            "Add a header line."
        )


def _single_column(name: str, delimiter: str) -> str:
    came = f"The header is a single column, '{shortened(name, 60)}', when cut at each {NAMES[delimiter]}"
    others = [other for other in DELIMITERS if other in name]
    if others:
        return f"{came}; expected at least two. It has the {NAMES[others[0]]}: choose that as delimiter."
    return f"{came}; expected at least two columns. Check which delimiter the file uses, and choose it."


def _ragged(line: int, came: int, expected: int) -> str:
    cells = "1 cell" if came == 1 else f"{came:,} cells"
    advice = (
        "Quote cells that have the delimiter."
        if came > expected
        else "Add the missing cells, empty if need be."
    )
    return f"Line {line:,} has {cells}, but the header has {expected:,}; expected the same on every line. {advice}"


def _too_long(line: int) -> str:
    return (
        f"A cell of the record that ends on line {line:,} is longer than {MAX_CELL:,} characters; most often a "
        "quotation mark is never closed. Check the quotes there, or shorten the cell."
    )


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
