"""The mail that this machine "sent": written to files by Django's file-based mailer, shown here."""

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import wraps
from itertools import chain, islice
from pathlib import Path

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.mail import mailers
from django.core.mail.backends.filebased import EmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

#: Newest first; older mail stays in its files.
MAX_SHOWN = 100
#: What Django's file-based mailer writes after each message of a file. A text may hold such a line too, but hardly
#: one that a header follows.
SEPARATOR = re.compile(rb"\n-{79}\n(?=[A-Za-z-]+: |\Z)")
#: A mail brings its own styles; it may load nothing and run nothing.
MAIL_CSP: dict[str, list[str] | str] = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": "",
}

type View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Mail:
    """One message; `file` and `number` find it again."""

    file: str
    #: Its place in the file, from 0.
    number: int
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "(no subject)")

    @property
    def sent_at(self) -> datetime | None:
        date = self.message["Date"]
        return date.datetime if date else None

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def attachments(self) -> list[str]:
        """Their names."""
        return [part.get_filename("(no name)") for part in self.message.iter_attachments()]

    def _body(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        return str(part.get_content()) if part else ""


def staff_only(view: View) -> View:
    @login_required
    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_staff:
            raise PermissionDenied("The mailbox shows everybody's mail; only staff may read it.")
        return view(request, *args, **kwargs)

    return checked


@staff_only
def index(request: HttpRequest) -> HttpResponse:
    """The newest mail, and the list of the others."""
    mails = read_mails()
    return _page(request, mails, mails[0] if mails else None)


@staff_only
def show(request: HttpRequest, file: str, number: int) -> HttpResponse:
    mails = read_mails()
    return _page(request, mails, _find(mails, file, number))


@staff_only
@xframe_options_sameorigin
@csp_override(MAIL_CSP)
def show_html(request: HttpRequest, file: str, number: int) -> HttpResponse:
    """The HTML part alone, for the page's frame: a document of its own, as the page's policy allows no inline style."""
    return HttpResponse(_find(read_mails(), file, number).html)


def read_mails() -> list[Mail]:
    """The newest MAX_SHOWN mails, newest first."""
    folder = mail_folder()
    files = sorted(folder.glob("*.log"), key=_modified_at, reverse=True) if folder else []
    return list(islice(chain.from_iterable(_mails_in(file) for file in files), MAX_SHOWN))


def mail_folder() -> Path | None:
    """Where the default mailer writes to; None if it does not write to files."""
    mailer = mailers.default
    return Path(mailer.file_path) if isinstance(mailer, EmailBackend) else None


def _modified_at(file: Path) -> float:
    return file.stat().st_mtime


def _mails_in(file: Path) -> Iterator[Mail]:
    """Newest first."""
    written = [raw for raw in SEPARATOR.split(file.read_bytes()) if raw.strip()]
    for number, raw in reversed(list(enumerate(written))):
        yield Mail(file.stem, number, email.message_from_bytes(raw, policy=email.policy.default))


def _find(mails: list[Mail], file: str, number: int) -> Mail:
    for mail in mails:
        if (mail.file, mail.number) == (file, number):
            return mail
    raise Http404(f"That mail is not among the newest {MAX_SHOWN}.")


def _page(request: HttpRequest, mails: list[Mail], shown: Mail | None) -> HttpResponse:
    context = {"mails": mails, "shown": shown, "folder": mail_folder(), "max_shown": MAX_SHOWN}
    return render(request, "dev/mailbox.html", context)
