"""Whether this worker is alive: `GET /livez` on a port of its own. A thread answers, as the loop may be stuck."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from django.core.exceptions import ImproperlyConfigured

from jobs.worker.watch import Watch

#: An event loop that has not turned for so long may never again.
STUCK_SECONDS = 30.0
#: A turn of the claiming loop ends within seconds, with an error if Redis or the database is away.
NO_TURN_SECONDS = 60.0
REQUEST_TIMEOUT_SECONDS = 2.0


class Liveness:
    """What a restart would cure. A worker that has nothing to do, or waits for Redis or the database, is alive."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._turned_at: float | None = time.monotonic()

    def turned(self) -> None:
        """The claiming loop takes a turn."""
        self._turned_at = time.monotonic()

    def stopped_claiming(self) -> None:
        """On purpose: the worker drains."""
        self._turned_at = None

    def problem(self) -> str | None:
        """Why it should be restarted, in a sentence; None: it is alive. Callable from any thread."""
        stuck, block, turned_at = self._watch.stuck_seconds, self._watch.block, self._turned_at
        if stuck >= STUCK_SECONDS:
            by = f": {block.who} holds it up at {block.line}" if block else ""
            return f"The event loop has not turned for {stuck:.0f} s{by}."
        if turned_at is not None and (seconds := time.monotonic() - turned_at) >= NO_TURN_SECONDS:
            return f"The worker has not looked for jobs for {seconds:.0f} s."
        return None


@contextmanager
def answering(port: int | None, problem: Callable[[], str | None]) -> Iterator[None]:
    """Answers probes meanwhile, 200 or 503; without a port, none. Raises ImproperlyConfigured when it is taken."""
    if port is None:
        yield
        return
    server = _listen(port, problem)
    Thread(target=server.serve_forever, name="livez", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _listen(port: int, problem: Callable[[], str | None]) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer(("", port), type("Probe", (_Probe,), {"problem": staticmethod(problem)}))
    except OSError as error:
        raise ImproperlyConfigured(
            f"WORKER_PORT: cannot listen on port {port}: {error.strerror}. Choose another, or leave it unset."
        ) from error


class _Probe(BaseHTTPRequestHandler):
    """One request."""

    problem: Callable[[], str | None]
    timeout = REQUEST_TIMEOUT_SECONDS
    server_version, sys_version = "handoff", ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/livez":
            self._answer(
                HTTPStatus.NOT_FOUND, {"status": "unknown", "reason": "Only /livez is answered here."}
            )
        elif reason := self.problem():
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "stuck", "reason": reason})
        else:
            self._answer(HTTPStatus.OK, {"status": "ok"})

    def _answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """A probe every few seconds is no news."""
