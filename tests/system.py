"""The whole system in real processes: Valkey, web and worker on files and ports of their own. Kill what you like."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import websockets

from jobs.broker.embedded import EmbeddedValkey, end_with_parent, start_embedded
from tests.leaks import leaks
from tests.planted import UNASKED, UNASKED_COOKIES, Secret

ROOT = Path(__file__).parent.parent
START_SECONDS = 30.0
#: How long a job may take in these tests, a rescue from a lost worker (20 s) included.
END_SECONDS = 40.0

ENDED = {"successful", "failed", "cancelled"}


class System:
    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._valkey: AbstractContextManager[EmbeddedValkey] | None = None
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.flow.settings",
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database_url or f"sqlite:///{folder}/db.sqlite3",
            "REDIS_URL": f"unix://default:{Secret.REDIS_PASSWORD}@{folder}/v/valkey.sock",
            "MEDIA_ROOT": str(folder / "media"),
            "SECRET_KEY": Secret.SECRET_KEY.of_length(50),
            "DEBUG": "false",
        }

    def start_valkey(self) -> EmbeddedValkey:
        self._valkey = start_embedded(self.folder / "v", self.folder / "v" / "valkey.sock")
        self.valkey = self._valkey.__enter__()
        return self.valkey

    def start(self, *command: str, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        """A Python process of the system; its output goes to a file in the folder."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, pass_fds=pass_fds, preexec_fn=end_with_parent(),  # noqa: PLW1509  it makes one system call
            )  # fmt: skip

    def start_web(self) -> subprocess.Popen[bytes]:
        web = self.start("manage.py", "web", "--port", str(self.port))
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and web.poll() is None:
            try:
                if httpx.get(f"{self.origin}/livez").status_code == 200:
                    return web
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"The web process did not answer:\n{self.log}")

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker.py")

    def call(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.env, capture_output=True, timeout=60, check=False
        )
        leaks.look("a process' log", done.stderr.decode())
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def caller(self, name: str) -> "Caller":
        """One of the users of the seed; close it."""
        made: dict[str, Any] = json.loads((self.folder / "users.json").read_text())
        return Caller(self, **made[name])

    def close(self) -> None:
        if self._valkey:
            self._valkey.__exit__(None, None, None)
        leaks.look_into_folder(self.folder)
        if (store := self.folder / "db.sqlite3").exists():
            leaks.look_into_sqlite(store)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


class Caller:
    """A user of the system, by its API and its socket."""

    def __init__(self, system: System, *, user_id: int, token: str, session: str) -> None:
        self.system = system
        self.user_id = user_id
        self.token = token
        self.session = session
        headers = {"Authorization": f"Bearer {token}", **UNASKED}
        self.http = httpx.Client(
            base_url=f"{system.origin}/api/v1", headers=headers, cookies=UNASKED_COOKIES, timeout=20
        )

    def submit(self, task: str, **args: Any) -> dict[str, Any]:
        answer = self.http.post("/jobs", json={"task": task, "args": args})
        assert answer.status_code == 202, answer.text
        submitted: dict[str, Any] = answer.json()
        return submitted

    def job(self, job_id: str) -> Any:
        return self.http.get(f"/jobs/{job_id}").raise_for_status().json()

    async def until(self, job_id: str, *statuses: str, seconds: float = END_SECONDS) -> Any:
        """Asks until the job has one of the statuses; answers it."""
        deadline = time.monotonic() + seconds
        while (job := self.job(job_id))["status"] not in statuses:
            assert time.monotonic() < deadline, f"{job}\n{self.system.log}"
            await asyncio.sleep(0.05)
        return job

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[websockets.ClientConnection]:
        url = f"ws://127.0.0.1:{self.system.port}/ws/v1/live"
        cookie = {"Cookie": f"sessionid={self.session}"}
        async with websockets.connect(
            url, subprotocols=[websockets.Subprotocol("handoff.v1")], origin=websockets.Origin(self.system.origin),
            additional_headers=cookie, proxy=None,
        ) as connection:  # fmt: skip
            yield connection

    async def watch(self, job_id: str, after: int | None = None) -> list[Any]:
        """All that the socket says about a job until it has ended."""
        heard: list[Any] = []
        async with self.socket() as connection, asyncio.timeout(END_SECONDS):
            frame = {"type": "subscribe", "topic": f"job:{job_id}"}
            await connection.send(json.dumps(frame if after is None else {**frame, "after": after}))
            async for text in connection:
                heard.append(json.loads(text))
                if status_in(heard[-1]) in ENDED:
                    break
        return heard


def status_in(message: Any) -> str | None:
    if message["type"] == "snapshot":
        status: str | None = message["job"]["status"]
        return status
    data: dict[str, str] = message.get("data", {})
    return data.get("status")


def sow(folder: Path, database_url: str | None = None) -> Path:
    """Makes what a system starts from: migrated tables, and users with their secrets. Slow, so make it once."""
    seed = System(folder, database_url)
    seed.call("manage.py", "migrate", "-v0")
    users = seed.call("-m", "tests.flow.sign_up", "ada", "eve", "--staff", "root")
    (folder / "users.json").write_text(users)
    return folder


@contextmanager
def short_folder() -> Iterator[Path]:
    """Under /tmp, as pytest's own folders are too deep for a unix socket. Processes may still write when it goes."""
    with tempfile.TemporaryDirectory(prefix="handoff-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def running_system(folder: Path, seed: Path, database_url: str | None = None) -> Iterator[System]:
    """Valkey runs, the tables and users are there; start web and workers as you need them."""
    for file in seed.iterdir():
        shutil.copy(file, folder)
    system = System(folder, database_url)
    try:
        system.start_valkey()
        yield system
    finally:
        system.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
