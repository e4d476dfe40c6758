"""Who may open a socket, and by what it is told whose it is."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.db import aclose_old_connections
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import parse_cookie

from consumers.asgi import Application, Receive, Scope, Send
from consumers.origin import is_trusted
from consumers.protocol import SUBPROTOCOL, Close
from jobs.access import (
    OWNER_HEADER,
    Access,
    acting_for,
    bearer_access,
    holds_token,
    is_embed,
    session_access,
    ticket_access,
)
from jobs.errors import BrokerUnavailable, MayNotActForOthers, UnknownOwner
from jobs.models import Scope as Permission

logger = logging.getLogger(__name__)


async def deny(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that refuses the handshake; servers answer HTTP 403."""
    await send({"type": "websocket.close"})


def guarded(application: Callable[..., Awaitable[None]]) -> Application:
    """The application, for those whom it is there for.

    A browser sends the session's cookie along whichever page opens the socket, so only the Origin tells them apart.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if not is_trusted(scope):
            return await deny(scope, receive, send)
        try:
            return await application(scope, receive, send)
        except (OperationalError, InterfaceError, BrokerUnavailable) as error:  # open sockets outlive them
            logger.warning("A socket was refused, as it cannot be told whose it is: %r", error)
            return await deny(scope, receive, send)

    return guard


def identified(application: Application) -> Application:
    """The application, for those who show who they are; what they may is its scope's "access"."""

    async def identify(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            access = await _access(scope)
        except (MayNotActForOthers, UnknownOwner):
            return await _turn_away(scope, receive, send, Close.FORBIDDEN)
        finally:
            await aclose_old_connections()  # no request ends here, which would close them
        if access is None:
            return await _turn_away(scope, receive, send, Close.NOT_SIGNED_IN)
        if not access.may(Permission.READ):
            return await _turn_away(scope, receive, send, Close.FORBIDDEN)
        scope["access"] = access  # not on a copy, which would be kept for as long as the socket is open
        return await application(scope, receive, send)

    return identify


async def _access(scope: Scope) -> Access | None:
    """In the name of whom the socket is for. Raises MayNotActForOthers and UnknownOwner."""
    access = await _own_access(scope)
    owner = dict(scope["headers"]).get(OWNER_HEADER.lower().encode())
    return (
        access
        if access is None or owner is None
        else await acting_for(access, owner.decode(errors="replace"))
    )


async def _own_access(scope: Scope) -> Access | None:
    """By a ticket, by a token, or else by the session; but by a ticket alone for a page of another site."""
    headers = dict(scope["headers"])
    query = scope.get("query_string", b"").decode("latin-1")
    if holds_token(query):
        return None
    if ticket := parse_qs(query).get("ticket"):
        return await ticket_access(ticket[0])
    if is_embed(headers.get(b"origin", b"").decode("latin-1")):
        return None
    scheme, _, plaintext = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return await bearer_access(plaintext.strip())
    key = parse_cookie(headers.get(b"cookie", b"").decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
    return await sync_to_async(session_access)(key) if key else None


async def _turn_away(scope: Scope, receive: Receive, send: Send, code: Close) -> None:
    """Opens the socket to close it: a browser tells its page no reason for one that never opened."""
    await receive()
    offered = SUBPROTOCOL in scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
    await send({"type": "websocket.close", "code": code})
