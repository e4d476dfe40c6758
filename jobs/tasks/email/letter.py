"""What is to be mailed: checked before anything is sent, then made into one message a recipient."""

import hashlib
import unicodedata
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from jobs import InvalidInput
from jobs.tasks.email.arguments import (
    MAX_ADDRESS_LENGTH,
    MAX_BODY_LENGTH,
    MAX_RECIPIENTS,
    MAX_SUBJECT_LENGTH,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Raises InvalidInput, when made, for what can't be mailed."""

    subject: str
    body: str
    html: str | None
    reply_to: str | None

    def __post_init__(self) -> None:
        _check_line(self.subject, "The subject", MAX_SUBJECT_LENGTH)
        _check_text(self.body, "The body")
        _check_text(self.html or "", "The HTML")
        if self.reply_to:
            check_address(self.reply_to, "The reply-to address")

    def to(self, recipient: str, *, key: str) -> EmailMultiAlternatives:
        """The message for one recipient; sent again with the same `key` it is the same to whoever compares ids."""
        return EmailMultiAlternatives(
            self.subject,
            self.body,
            to=[recipient],
            reply_to=[self.reply_to] if self.reply_to else None,
            alternatives=[(self.html, "text/html")] if self.html else None,
            headers={
                "Message-ID": message_id(recipient, key=key),
                "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers to this
            },
        )


def check_recipients(addresses: list[str]) -> list[str]:
    """The addresses without repetitions, in order. Raises InvalidInput for the first that is none."""
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        raise InvalidInput(f"Expected 1 to {MAX_RECIPIENTS} recipients, got {len(addresses)}.")
    distinct: dict[str, str] = {}
    for number, address in enumerate(addresses, 1):
        check_address(address, f"Recipient {number}")
        # A server may tell "Ann@x" from "ann@x", but hardly one does.
        distinct.setdefault(address.lower(), address)
    return list(distinct.values())


def check_address(address: str, what: str) -> None:
    """Only the bare form local@domain: a display name would be one more place for tricks."""
    _check_line(address, what, MAX_ADDRESS_LENGTH)
    try:
        if '"' in address:
            raise ValidationError("quoted")
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(
            f"{what} is no address: expected the form name@example.com, got {address!r}."
        ) from error


def message_id(recipient: str, *, key: str) -> str:
    """The same for the same key and recipient, so that a receiver can tell a repetition."""
    digest = hashlib.sha256(f"{key}\n{recipient}".encode()).hexdigest()[:32]
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"<{digest}@{sender.rpartition('@')[2] or 'localhost'}>"


def _check_line(text: str, what: str, max_length: int) -> None:
    """A line break in a header starts another header: whoever may write one may add recipients."""
    if not text.strip():
        raise InvalidInput(f"{what} is empty.")
    if len(text) > max_length:
        raise InvalidInput(f"{what} has {len(text)} characters; expected at most {max_length}.")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise InvalidInput(f"{what} holds a line break or control character; expected one line of text.")


def _check_text(text: str, what: str) -> None:
    if len(text) > MAX_BODY_LENGTH:
        raise InvalidInput(f"{what} has {len(text)} characters; expected at most {MAX_BODY_LENGTH}.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(f"{what} holds a NUL or half a surrogate pair, which is no text.")
