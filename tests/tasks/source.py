"""A real HTTP server on loopback for tasks that ask one, answering as the test says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    #: With its query.
    path: str
    headers: dict[str, str]
    body: bytes = b""


type Answer = Callable[[Request], Response]


class Source:
    """`next_answers` go first, one a request; then what `answers` has for the path; else 404."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.answers: dict[str, Answer] = {}
        self.next_answers: list[Response] = []
        self.requests: list[Request] = []

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        if self.next_answers:
            return self.next_answers.pop(0)
        return self.answers.get(request.path, not_found)(request)

    def serve_pages(self, pages: list[list[dict[str, Any]]], *, etags: bool = True) -> str:
        """Serves /items?page=1, 2, … linked by their Link headers; answers the URL of the first."""
        for number, items in enumerate(pages, 1):
            link = f'</items?page={number + 1}>; rel="next"' if number < len(pages) else ""
            self.answers[f"/items?page={number}"] = page_answer(
                items, link, etag=f'"{number}"' if etags else ""
            )
        return f"{self.url}/items?page=1"


def always(response: Response) -> Answer:
    return lambda _: response


def not_found(_: Request) -> Response:
    return Response(404, b"nothing here")


def page_answer(items: list[dict[str, Any]], link: str = "", *, etag: str = "") -> Answer:
    def answer(request: Request) -> Response:
        if etag and request.headers.get("if-none-match") == etag:
            return Response(304)
        headers = {"ETag": etag, "Link": link}
        return json_response(items, **{name: value for name, value in headers.items() if value})

    return answer


def json_response(content: Any, **headers: str) -> Response:
    return Response(200, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})


@contextmanager
def running_source() -> Iterator[Source]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.source = source = Source(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield source
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        source: Source = self.server.source  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        response = source.answer(Request(self.path, headers, body))
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in response.headers:
            self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    do_POST = do_GET  # noqa: N815  its base class's name

    def log_message(self, *_: object) -> None:
        """Says nothing."""
