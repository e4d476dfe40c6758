"""What the mail server says to one message."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend

from jobs import JobError
from jobs.models import Delivery

MAX_REASON_LENGTH = 500


class ServerUnreachable(JobError):
    """The mail server can't be reached, turned us away, or hung up."""


@dataclass(frozen=True, slots=True)
class Reply:
    outcome: Delivery.Outcome
    code: int | None = None
    reason: str = ""


@contextmanager
def open_mailer() -> Iterator[BaseEmailBackend]:
    """The default mailer with its connection open. Raises ServerUnreachable."""
    mailer = mailers.default
    try:
        _open(mailer)
        yield mailer
    finally:
        mailer.close()  # also after a failed opening, which may leave half a connection


def _open(mailer: BaseEmailBackend) -> None:
    try:
        mailer.open()
    except (smtplib.SMTPException, OSError) as error:
        raise _unreachable(error) from error


def hand_over(mailer: BaseEmailBackend, message: EmailMessage) -> Reply:
    """Sends one message over the open connection. Raises ServerUnreachable if that broke."""
    try:
        mailer.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        return _refusal(*next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:  # the sender or the content was refused
        return _refusal(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        raise _unreachable(error) from error
    return Reply(Delivery.Outcome.SENT)


def _unreachable(error: smtplib.SMTPException | OSError) -> ServerUnreachable:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return ServerUnreachable(f"The mail server refused our login: {_reply_text(error)}")
    if isinstance(error, smtplib.SMTPResponseException):
        return ServerUnreachable(f"The mail server turned us away: {_reply_text(error)}")
    reason = str(error).rstrip(".") or type(error).__name__
    return ServerUnreachable(f"The mail server can't be reached: {reason}.")


def _refusal(code: int, text: bytes | str) -> Reply:
    """RFC 5321 §4.2.1: 5yz is for good; 4yz, and what fits neither, is worth another try."""
    outcome = Delivery.Outcome.REFUSED if 500 <= code <= 599 else Delivery.Outcome.POSTPONED
    return Reply(outcome, code, _decoded(text)[:MAX_REASON_LENGTH])


def _reply_text(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_decoded(error.smtp_error)}"


def _decoded(text: bytes | str) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return decoded.replace("\0", "\N{REPLACEMENT CHARACTER}")
