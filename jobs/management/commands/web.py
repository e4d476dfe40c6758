"""The web process: uvicorn on uvloop, serving the project's ASGI application."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from jobs.live.hub import hub
from jobs.management.sockets import HttpProtocol, SocketProtocol
from jobs.patience import limit_everybody

logger = logging.getLogger(__name__)

MAX_FRAME_BYTES = 64 * 1024
#: A request that waits so long for an answer of PostgreSQL keeps a connection that others need.
DATABASE_SECONDS = 30.0
#: For how long a thread may keep the event loop from going on. Python's 5 ms, at each of the ten steps of a request,
#: add up while one thread stores a batch.
SWITCH_SECONDS = 0.0005
#: How long requests and sockets may go on after SIGTERM before they are cut.
SHUTDOWN_TIMEOUT_SECONDS = 10
#: How long those who have just connected may take to send their request.
LAST_REQUESTS_SECONDS = 0.1


class Command(BaseCommand):
    help = "Serves the site over HTTP and WebSocket until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="default: $PORT, or 8000")
        parser.add_argument(
            "--fd", type=int, help="an inherited listening socket, instead of --host and --port"
        )

    def handle(self, *, host: str, port: int, fd: int | None, **_: Any) -> None:
        listener = inherited(fd) if fd is not None else listen(host, port)
        logger.info("Serving on %s:%s.", *listener.getsockname()[:2])
        limit_everybody(DATABASE_SECONDS)
        sys.setswitchinterval(SWITCH_SECONDS)
        server = uvicorn.Server(configuration())
        spare_the_collector()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(server, listener))


def inherited(fd: int) -> socket.socket:
    try:
        return socket.socket(fileno=fd)
    except OSError as error:
        raise CommandError(f"--fd {fd}: expected an open socket, got: {error.strerror}.") from error


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        number = error.errno or 0  # below 0 when the host's name is unknown
        why = os.strerror(number) if number > 0 else error.strerror
        raise CommandError(
            f"Cannot listen on {host}:{port}: {why}. Choose another --host or --port."
        ) from error


def configuration() -> uvicorn.Config:
    return uvicorn.Config(
        import_string(settings.ASGI_APPLICATION),
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # 17 KiB a socket instead of 53
        lifespan="on",
        log_config=None,  # Django's logging formats these as well
        log_level="warning",  # its start and stop in seven lines are of no use to anyone
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
    )


def spare_the_collector() -> None:
    """What was imported is there for good. Looking through it again and again took a quarter of the time that ten
    thousand sockets need to connect.

    All threads wait while it looks. So most looks are at no more than 10,000 objects, which takes a millisecond: the
    200,000 of before were 30, once in each batch of 10,000 jobs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 5, 100)


async def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Until a signal. uvicorn would raise it again before our own clean-up has run, so we take it ourselves."""
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ending, begin_shutdown, server, ending)
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
    await server.serve(sockets=[listener])


def begin_shutdown(server: uvicorn.Server, ending: signal.Signals) -> None:
    """Accept nothing more, and end all streams; then stop. uvicorn hangs up on whoever has connected and not yet asked,
    so it waits."""
    for accepting in getattr(server, "servers", []):  # which it has once it has started
        accepting.close()
    hub().shut_down()
    asyncio.get_running_loop().call_later(LAST_REQUESTS_SECONDS, server.handle_exit, ending, None)
