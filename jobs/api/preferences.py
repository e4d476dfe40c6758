"""`Prefer` (RFC 7240): how a caller would like to be answered."""

import re

from django.http import HttpRequest

#: What commas part that are not within quotes.
_EACH = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
#: Nobody means a number that is longer, and Python refuses to read thousands of digits.
MAX_DIGITS = 20


def preferences(request: HttpRequest) -> dict[str, str]:
    """By name, in lower case; one without a value has "". Of one that is named twice the first counts (§2)."""
    found: dict[str, str] = {}
    for preference in _EACH.findall(request.headers.get("Prefer", "")):
        name, _, value = preference.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


def number(given: str, most: int) -> int | None:
    """What the digits say, `most` if that is more; None for what is no number."""
    if not (given.isascii() and given.isdecimal()):
        return None
    return most if len(given) > MAX_DIGITS else min(int(given), most)
