"""The Valkey that bin/dev and the tests start."""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from jobs.broker.embedded import EmbeddedValkey, find_server, start_embedded
from jobs.errors import BrokerUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a valkey"


@pytest.fixture
def path(session_folder: Path) -> Iterator[Path]:
    """Of the socket: not in pytest's own folder, whose name may be too long for one."""
    short = session_folder / "embedded"
    yield short / "valkey.sock"
    shutil.rmtree(short, ignore_errors=True)


def test_what_was_written_is_there_after_a_stop_and_a_start(folder: Path, path: Path) -> None:
    with start_embedded(folder, path) as server, client_of(server) as client:
        client.set("kept", "yes")
    assert server.process.returncode == 0
    assert not path.parent.exists()
    with start_embedded(folder, path) as server, client_of(server) as client:
        assert client.get("kept") == b"yes"


def test_what_was_acknowledged_a_second_ago_survives_a_kill(folder: Path, path: Path) -> None:
    with start_embedded(folder, path) as server, client_of(server) as client:
        client.set("kept", "yes")
        client.waitaof(1, 0, 5000)
        server.process.kill()
        server.process.wait()
    with start_embedded(folder, path) as server, client_of(server) as client:
        assert client.get("kept") == b"yes"


def client_of(server: EmbeddedValkey) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def test_a_second_one_in_the_same_folder_is_refused(folder: Path, path: Path) -> None:
    with start_embedded(folder, path) as server:
        with pytest.raises(BrokerUnavailable, match="Another Valkey is using"):
            start_embedded(folder, path.with_name("other.sock"))
        with client_of(server) as client:
            assert client.ping()


def test_a_server_that_does_not_come_up_is_quoted(folder: Path, path: Path) -> None:
    (folder / "appendonlydir").mkdir(parents=True)
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(BrokerUnavailable, match=r"Valkey ended at its start: .*manifest"):
        start_embedded(folder, path)


def test_a_foreign_folder_for_the_socket_is_refused(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: path.parent.stat().st_uid + 1)
    with pytest.raises(BrokerUnavailable, match="belongs to another user"):
        start_embedded(folder, path)


@pytest.mark.parametrize(
    "said, is_taken",
    [("Redis server v=6.2.14 sha=0", False), ("Redis server v=7.0.0 sha=0", True), ("?", False)],
)
def test_a_server_on_path_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, is_taken: bool
) -> None:
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (find_server() == str(program)) == is_taken


ROOT = Path(__file__).parents[2]
STARTER = """
import sys, time
from pathlib import Path
from jobs.broker.embedded import start_embedded
print(start_embedded(Path(sys.argv[1]), Path(sys.argv[2])).process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_it_ends_with_the_process_that_started_it(folder: Path, path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, folder, path], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert starter.stdout
    with starter.stdout:
        watch = os.pidfd_open(int(starter.stdout.readline()))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    ended, _, _ = select.select([watch], [], [], 10)
    os.close(watch)
    assert ended
