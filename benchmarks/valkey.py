"""The Valkey that all contenders share."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from jobs.broker.embedded import end_with_parent, find_server

START_SECONDS = 15.0


@contextmanager
def run_valkey(folder: Path) -> Iterator[tuple[redis.Redis, str]]:
    """Yields a client and the URL. On a port, as not every peer's client speaks unix sockets."""
    port = free_port()
    with (folder / "valkey.log").open("wb") as log:
        server = subprocess.Popen(
            [find_server(), *arguments(folder, port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl-C must not reach it before its clients are gone
            preexec_fn=end_with_parent(),  # noqa: PLW1509  it makes one system call
        )
    url = f"redis://127.0.0.1:{port}"
    with redis.Redis.from_url(url) as client:
        try:
            wait_until_it_answers(client, server)
            yield client, url
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def arguments(folder: Path, port: int) -> list[str]:
    return [
        *("--bind", "127.0.0.1"),
        *("--port", str(port)),
        *("--dir", str(folder)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]


def wait_until_it_answers(client: redis.Redis, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("Valkey did not start; its log says why.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
