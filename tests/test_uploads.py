"""What is kept of a file that somebody sends, by form or by API."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import File
from jobs.uploads import keep_upload


def kept(name: str, content_type: Any = "text/csv") -> File:
    keep_upload(SimpleUploadedFile(name, b"1", content_type), owner_id=None)
    return File.objects.get()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given, name",
    [
        ("a.csv", "a.csv"),
        (f"{'x' * 146}.csv", f"{'x' * 146}.csv"),
        (f"{'x' * 147}.csv", f"{'x' * 146}.csv"),
        (f"a.{'y' * 200}", f"a.{'y' * 148}"),
        (f".{'y' * 200}", f".{'y' * 149}"),
        ("x" * 200, "x" * 150),
    ],
)
def test_a_long_name_loses_its_middle_and_not_its_ending(given, name):
    assert kept(given).name == name


@pytest.mark.django_db
@pytest.mark.parametrize(
    "claimed, content_type",
    [
        ("Text/CSV", "text/csv"),
        ("application/vnd.ms-excel.sheet.macroenabled.12", "application/vnd.ms-excel.sheet.macroenabled.12"),
        (None, "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text/html\r\nX-Evil: 1", "application/octet-stream"),
        (f"text/{'x' * 100}", "application/octet-stream"),
    ],
)
def test_a_content_type_that_is_none_is_not_told_on(claimed, content_type):
    assert kept("a", claimed).content_type == content_type
