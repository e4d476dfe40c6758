"""What must not be told is taken out of a text: known secrets, and what looks like one."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote

MASK = "***"
#: A shorter secret would be found in the middle of ordinary words, and mask those.
MIN_CHARACTERS = 4

#: scheme://user:password@host. Every repetition has a limit, so that no text takes long to search.
_PASSWORD_IN_URL = re.compile(
    r"(?P<before>\b[a-z][a-z0-9+.-]{0,30}://[^\s/?#:@'\"]{0,200}:)(?P<secret>[^\s/?#'\"]{1,500})(?=@)",
    re.IGNORECASE,
)
#: What a secret looks like that nobody has told us, by a word that such a text has: few texts need a closer look.
_PATTERNS = {
    "://": _PASSWORD_IN_URL,
    # A header, as HTTP, Python or JSON write it.
    "authorization": re.compile(
        r"(?P<before>\bAuthorization['\"]?\s{0,3}[:=,]\s{0,3}b?['\"]?(?:[A-Za-z]{1,20}\s{1,3})?)(?P<secret>[^\s'\",;]{4,})",
        re.IGNORECASE,
    ),
    "bearer": re.compile(r"(?P<before>\bBearer\s{1,3})(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE),
    # Our own API tokens, and job tokens.
    "handoff_": re.compile(r"(?P<before>\bhandoff_)(?P<secret>[A-Za-z0-9_-]{20,})"),
    "handoffjob_": re.compile(r"(?P<before>\bhandoffjob_)(?P<secret>[A-Za-z0-9._-]{20,})"),
}


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with "***" for each secret in it, however it is quoted, and for whatever looks like one."""
    return Mask(secrets)(text)


class Mask:
    """The same for many texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        written = {form for secret in secrets if len(secret) >= MIN_CHARACTERS for form in _forms(secret)}
        # The longest first, as one secret may be part of another.
        self._written = sorted(written, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._written:
            text = text.replace(form, MASK)
        lower = text.lower()
        for word, pattern in _PATTERNS.items():
            if word in lower:
                text = pattern.sub(rf"\g<before>{MASK}", text)
        return text

    def within(self, value: Any) -> Any:
        """A JSON value with its texts and numbers so masked, names of fields too."""
        match value:
            case str():
                return self(value)
            case bool() | None:
                return value
            case int() | float():
                return MASK if str(value) in self._written else value
            case list():
                return [self.within(item) for item in value]
            case dict():
                return {self(name): self.within(item) for name, item in value.items()}
        return value


def _forms(secret: str) -> Iterator[str]:
    """As it is, and as Python, JSON and URLs write it."""
    yield secret
    yield repr(secret)[1:-1]
    yield repr(f'"{secret}')[2:-1]  # … beside a quotation mark, which changes how an apostrophe is written
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="", errors="replace")


def texts_in(value: Any) -> Iterator[str]:
    """The texts and numbers of a JSON value that could give it away."""
    match value:
        case bool() | None:
            return
        case str() | int() | float():
            yield str(value)
        case list() | tuple():
            for item in value:
                yield from texts_in(item)
        case dict():
            for item in value.values():
                yield from texts_in(item)


def passwords_in(text: str) -> Iterator[str]:
    """Those of the URLs in a text, as they are written there and as they are meant."""
    for found in _PASSWORD_IN_URL.finditer(text):
        yield found["secret"]
        yield unquote(found["secret"])
