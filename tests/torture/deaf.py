"""Fifty clients that never read: what they cost the web process, and those who do read. `bin/torture --deaf`."""

import asyncio
import json
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.chaos.checker import percentile
from tests.chaos.world import World
from tests.torture.run import torture_world
from tests.torture.watchers import FeedWatcher, Scene
from tests.torture.ways import RECEIVE_BUFFER, Client
from tests.torture.webs import STOP_SECONDS, Webs

DEAF, READERS = 50, 20
#: In /proc/net/tcp.
ESTABLISHED = "01"
CALM_SECONDS, DEAF_SECONDS = 15.0, 60.0
#: From when more waits for a client than the network takes.
DROP_SECONDS = 45.0
#: Until then: what the buffers between hold is filled in this.
FILL_SECONDS = 12.0
#: How often those who read are asked for, and how much later they may hear at worst, with room for a busy machine.
MAX_RATIO, SLACK_SECONDS = 3.0, 0.25
MAX_GROWTH_BYTES = 50 * 1024 * 1024
#: A job that says 25 KB a second all the while.
JOBS, STEPS, JOB_SECONDS, PADDING = 4, 600, 200.0, 8000


def run_deaf() -> list[str]:
    """What was wrong; prints the figures."""
    with torture_world("sqlite") as world, Webs(world, Random(0), count=1) as webs:
        world.start_worker()
        return asyncio.run(Deaf(world, webs).run())


class Deaf:
    def __init__(self, world: World, webs: Webs) -> None:
        self.webs = webs
        self.owner, self.token = next(iter(world.tokens.items()))
        self.scene = Scene(jobs={}, is_over=True)
        self.jobs: list[str] = []

    async def run(self) -> list[str]:
        client = Client(self.webs.port, self.token)
        self.jobs = [await self._submit(client) for _ in range(JOBS)]
        watchers = [
            FeedWatcher(self.scene, client, self.owner, Random(n), client.socket) for n in range(READERS)
        ]
        reading = [asyncio.create_task(watcher.run()) for watcher in watchers]
        try:
            return await self._compare()
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            await client.close()

    async def _submit(self, client: Client) -> str:
        job_id = await client.submit(
            "tests.torture.tasks.talk", steps=STEPS, seconds=JOB_SECONDS, padding=PADDING
        )
        assert job_id
        return job_id

    async def _compare(self) -> list[str]:
        web = self.webs.first
        await asyncio.sleep(CALM_SECONDS)
        calm, base = self._ages(), memory(web)
        deaf = [await asyncio.to_thread(self._connect, number) for number in range(DEAF)]
        dropped, peak = await self._until_dropped(web, deaf)
        beside = self._ages()
        deaf += [await asyncio.to_thread(self._connect, number) for number in range(DEAF)]
        await asyncio.sleep(FILL_SECONDS)
        stopped = await asyncio.to_thread(stop_seconds, web)
        for end in deaf:
            end.close()
        quiet, busy = percentile(calm, 99), percentile(beside, 99)
        print(f"readers' p99:     {quiet:.3f} s before, {busy:.3f} s beside {DEAF} that never read")
        print(f"memory:           {base >> 20} MiB before, {peak >> 20} MiB at most")
        print(f"dropped:          the last of {DEAF} {dropped:.0f} s after it came")
        print(f"SIGTERM:          ended after {stopped:.1f} s beside {DEAF} others")
        wrong = {
            "a client that never reads was not dropped in time": dropped > FILL_SECONDS + DROP_SECONDS,
            "who reads hears later": busy > MAX_RATIO * quiet + SLACK_SECONDS,
            "memory grows": peak - base > MAX_GROWTH_BYTES,
            "SIGTERM takes too long": stopped > STOP_SECONDS,
        }
        return [finding for finding, is_so in wrong.items() if is_so]

    def _ages(self) -> list[float]:
        """Of what was heard since it was last asked for."""
        arrivals, self.scene.arrivals = self.scene.arrivals, []
        return [heard - made for made, heard in arrivals]

    async def _until_dropped(
        self, web: subprocess.Popen[bytes], deaf: list[socket.socket]
    ) -> tuple[float, int]:
        """How many seconds it took until the server held none of them, and its most memory meanwhile."""
        began, peak = time.monotonic(), memory(web)
        ports = {end.getsockname()[1] for end in deaf}
        while ports & held(self.webs.port) and time.monotonic() < began + FILL_SECONDS + DEAF_SECONDS:
            await asyncio.sleep(0.5)
            peak = max(peak, memory(web))
        return time.monotonic() - began, peak

    def _connect(self, number: int) -> socket.socket:
        """Half of them on sockets, half on streams; reads the head of the answer and nothing more."""
        end = socket.socket()
        end.setsockopt(*RECEIVE_BUFFER)
        end.connect(("127.0.0.1", self.webs.port))
        about = f"Host: localhost\r\nAuthorization: Bearer {self.token}\r\n"
        if number % 2:
            path = f"/api/v1/jobs/{self.jobs[number % JOBS]}/events"
            end.sendall(f"GET {path} HTTP/1.1\r\n{about}Accept: text/event-stream\r\n\r\n".encode())
            assert end.recv(12) == b"HTTP/1.1 200"
        else:
            end.sendall(
                f"GET /ws/v1/live HTTP/1.1\r\n{about}Upgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n\r\n".encode()
            )
            assert end.recv(1024).startswith(b"HTTP/1.1 101")
            said = json.dumps({"type": "subscribe", "topic": f"owner:{self.owner}"}).encode()
            end.sendall(bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said)
        return end


def held(port: int) -> set[int]:
    """The clients' ports of the connections that whoever listens on this one holds open. The clients cannot tell: they
    are not told of the close before they have read the rest."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [(int(row[1].split(":")[1], 16), int(row[2].split(":")[1], 16), row[3]) for row in rows]
    return {theirs for ours, theirs, state in ends if ours == port and state == ESTABLISHED}


def memory(process: subprocess.Popen[bytes]) -> int:
    """Resident bytes."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096


def stop_seconds(process: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS + 10)
    return time.monotonic() - began
