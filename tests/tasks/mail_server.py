"""A real SMTP server on loopback that answers each recipient as the test says."""

import asyncio
import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

OK = "250 OK"


class MailServer:
    """aiosmtpd's hooks. `answers` maps a recipient to the reply it gets; "drop" hangs up instead."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        #: The reply to the content, for those who got through RCPT.
        self.content_answer = OK
        #: Every recipient named to us, in order, taken or not.
        self.asked: list[str] = []
        self.taken: list[EmailMessage] = []

    @property
    def taken_by(self) -> list[str]:
        return [message["To"] for message in self.taken]

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append(address)
        answer = self.answers.get(address, OK)
        if answer == "drop":
            cast(asyncio.Transport, server.transport).abort()
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.content_answer == OK:
            self.taken.append(
                email.message_from_bytes(cast(bytes, envelope.content), policy=email.policy.default)
            )
        return self.content_answer


class _Controller(Controller):
    """Port 0: the system picks a free one, and `port` is the one picked."""

    def _trigger_server(self) -> None:
        self.port = cast(asyncio.Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()


def refuse_login(*_: Any) -> AuthResult:
    return AuthResult(success=False, handled=False)


@contextmanager
def running_mail_server(**arguments: Any) -> Iterator[tuple[MailServer, int]]:
    """The server and its port; `arguments` as for aiosmtpd's SMTP class."""
    server = MailServer()
    controller = _Controller(server, hostname="127.0.0.1", port=0, **arguments)
    controller.start()
    try:
        yield server, controller.port
    finally:
        controller.stop()


def mailer_at(port: int, **options: Any) -> dict[str, Any]:
    """What settings.MAILERS is to be."""
    return {"default": {"OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 5, **options}}}
