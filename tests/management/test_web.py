"""`manage.py web`, as whoever runs it starts and stops it."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 30


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as opened:
        yield opened


@pytest.fixture
def web(listener: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    """Serving on `listener`."""
    fd = listener.fileno()
    started = subprocess.Popen([*command("--fd", str(fd))], cwd=ROOT, pass_fds=[fd])
    yield started
    started.kill()
    started.wait()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", "web", *arguments]


def url(listener: socket.socket, path: str = "/livez") -> str:
    return "http://127.0.0.1:{1}".format(*listener.getsockname()) + path


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_code_0(
    web: subprocess.Popen[bytes], listener: socket.socket, told: signal.Signals
) -> None:
    assert httpx.get(url(listener), timeout=LIMIT_SECONDS).status_code == 200
    web.send_signal(told)
    assert web.wait(LIMIT_SECONDS) == 0


def test_who_connected_before_the_signal_is_answered_after_it(
    web: subprocess.Popen[bytes], listener: socket.socket
) -> None:
    with socket.create_connection(listener.getsockname(), timeout=LIMIT_SECONDS) as client:
        # Who connects later is let in later: after this answer, `client` has been let in.
        assert httpx.get(url(listener), timeout=LIMIT_SECONDS).status_code == 200
        web.send_signal(signal.SIGTERM)
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    assert web.wait(LIMIT_SECONDS) == 0


@pytest.mark.parametrize("probe", ["/livez", "/readyz"])
def test_a_probe_needs_no_allowed_host(
    web: subprocess.Popen[bytes], listener: socket.socket, probe: str
) -> None:
    by_address = {"Host": "10.0.0.7:8000"}
    answer = httpx.get(url(listener, probe), headers=by_address, timeout=LIMIT_SECONDS)
    assert answer.json()["status"] == "ok"
    assert httpx.get(url(listener, "/"), headers=by_address).status_code == 400


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--port", "{taken}"], "Cannot listen on 127.0.0.1:{taken}: Address already in use."),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1:8000: Cannot assign requested address."),
        (["--fd", "99"], "--fd 99: expected an open socket, got: Bad file descriptor."),
    ],
)
def test_what_cannot_be_listened_on_is_said_in_one_sentence(
    listener: socket.socket, arguments: list[str], sentence: str
) -> None:
    taken = listener.getsockname()[1]
    given = [argument.format(taken=taken) for argument in arguments]
    ended = subprocess.run(
        command(*given), cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
    )
    assert ended.returncode == 1
    assert sentence.format(taken=taken) in ended.stderr
    assert "Traceback" not in ended.stderr
