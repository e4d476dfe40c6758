"""An uploaded file as a stream of text that tells how far it is and what is wrong with its bytes."""

import codecs
import io
from collections.abc import Buffer
from typing import Protocol

from jobs import InvalidInput

#: Bytes read at a time; the first of them are looked at to guess the delimiter.
CHUNK = 128 * 1024

_ADVICE = "Save the table as 'CSV UTF-8' and upload that file."
#: What is uploaded by mistake, by its first bytes.
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
}


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Source(io.RawIOBase):
    """The file's bytes, checked as they pass: valid UTF-8 and no NUL. Raises InvalidInput naming the place."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        #: Bytes handed out so far.
        self.position = 0
        #: Line breaks handed out so far.
        self._lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        target = memoryview(buffer)
        chunk = self._file.read(len(target))
        if self.position == 0:
            _refuse_other_formats(chunk)
        self._refuse_nul(chunk)
        self._refuse_other_encodings(chunk)
        target[: len(chunk)] = chunk
        self.position += len(chunk)
        self._lines += chunk.count(b"\n")
        return len(chunk)

    def _refuse_nul(self, chunk: bytes) -> None:
        if (index := chunk.find(b"\0")) >= 0:
            raise InvalidInput(
                f"Expected text, but byte {self.position + index:,} ({self._line(chunk, index)}) is a NUL, which only "
                f"binary files and UTF-16 have. {_ADVICE}"
            )

    def _refuse_other_encodings(self, chunk: bytes) -> None:
        held_back = len(self._utf8.getstate()[0])  # the start of a character that the last chunk cut in two
        try:
            self._utf8.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            index = error.start - held_back
            raise InvalidInput(
                f"Expected UTF-8, but byte {self.position + index:,} ({self._line(chunk, max(index, 0))}) is "
                f"0x{error.object[error.start]:02X}, which is not valid there. {_ADVICE}"
            ) from error

    def _line(self, chunk: bytes, index: int) -> str:
        return f"line {self._lines + chunk.count(b'\n', 0, index) + 1:,}"


def _refuse_other_formats(start: bytes) -> None:
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            raise InvalidInput(f"Expected a CSV file, but this is {name}. {_ADVICE}")


def text_of(source: Source) -> tuple[io.TextIOWrapper, str]:
    """The text without its byte order mark, and its beginning up to a line's end, not yet read."""
    buffered = io.BufferedReader(source, CHUNK)
    start = buffered.peek()
    if len(start) == CHUNK:
        start = start[: start.rfind(b"\n") + 1] or start
    beginning = start.decode("utf-8-sig", errors="ignore")
    return io.TextIOWrapper(buffered, "utf-8-sig", newline=""), beginning
