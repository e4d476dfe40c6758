"""Why a call did not go well: the one exception that clients raise."""

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx
import msgspec

from handoff.shapes import Misfit


class Problem(Exception):
    """The server's problem details (RFC 9457), or that it could not be heard."""

    def __init__(
        self, status: int | None, members: dict[str, Any], retry_after_seconds: float | None = None
    ) -> None:
        #: Of HTTP; None if no answer came.
        self.status = status
        self.type: str = members.get("type", "about:blank")
        self.title: str = members.get("title", "")
        self.detail: str = members.get("detail", "")
        self.instance: str = members.get("instance", "")
        #: Each thing that does not fit.
        self.errors = msgspec.convert(members.get("errors", []), list[Misfit])
        #: All that came, such as `known_tasks`.
        self.members = members
        #: How long the server asks us to rest.
        self.retry_after_seconds = retry_after_seconds
        super().__init__(status, members, retry_after_seconds)

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.status or ""), f"{self.title}:", self.detail)))

    @property
    def name(self) -> str:
        """What to tell problems apart by, such as "invalid-arguments"; "" for what is not from Handoff itself."""
        return self.type.partition("#")[2]

    @classmethod
    def of(cls, answer: httpx.Response) -> Self:
        """A refusal, or what a proxy on the way says; the answer has been read."""
        rest = retry_after_seconds(answer, datetime.now(UTC))
        with suppress(msgspec.MsgspecError):
            return cls(answer.status_code, msgspec.json.decode(answer.content, type=dict[str, Any]), rest)
        return cls(answer.status_code, {"title": answer.reason_phrase, "detail": answer.text[:200]}, rest)

    @classmethod
    def lost(cls, error: Exception) -> Self:
        """No answer, or not the whole of it."""
        return cls(None, {"title": "No answer", "detail": f"{error}" or type(error).__name__})


def retry_after_seconds(answer: httpx.Response, now: datetime) -> float | None:
    """From either of the header's forms: seconds or a date."""
    given = answer.headers.get("Retry-After", "")
    if given.isascii() and given.isdecimal():
        return float(given)
    try:
        return max(0.0, (parsedate_to_datetime(given) - now).total_seconds())
    except (TypeError, ValueError):
        return None
