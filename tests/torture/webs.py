"""Web processes behind one port, and what befalls them."""

import random
import signal
import socket
import subprocess
from typing import Self

import httpx

from tests.chaos.faults import Fault, nothing
from tests.chaos.world import World

#: Inherited by what it accepts; small, so that a client that does not read is noticed soon.
SEND_BUFFER_BYTES = 32 * 1024
START_SECONDS = 30.0
#: From SIGTERM on, whoever is connected.
STOP_SECONDS = 20.0


class Webs:
    def __init__(self, world: World, rng: random.Random, count: int = 2) -> None:
        self._count = count
        self._world = world
        self._rng = rng
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.port: int = self._listener.getsockname()[1]
        self._serving: list[subprocess.Popen[bytes]] = []
        self._stopping: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self._start()
        try:
            httpx.get(f"http://127.0.0.1:{self.port}/livez", timeout=START_SECONDS).raise_for_status()
        except httpx.HTTPError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for web in [*self._serving, *self._stopping]:
            web.kill()
            web.wait()
        self._listener.close()

    @property
    def first(self) -> subprocess.Popen[bytes]:
        return self._serving[0]

    def _start(self) -> None:
        fd = self._listener.fileno()
        self._serving.append(self._world.system.start("manage.py", "web", "--fd", str(fd), pass_fds=[fd]))

    def killed(self) -> Fault:
        return Fault(name="web killed", inject=self._kill, heal=self._start, lasts=(0, 3), is_trouble=False)

    def deployed(self) -> Fault:
        return Fault(name="web deployed", inject=self._deploy, heal=nothing, lasts=(2, 6), is_trouble=False)

    def _kill(self) -> None:
        web = self._serving.pop(self._rng.randrange(len(self._serving)))
        web.kill()
        web.wait()

    def _deploy(self) -> None:
        """The new one starts before the old one has gone."""
        self._start()
        old = self._serving.pop(0)
        old.send_signal(signal.SIGTERM)
        self._stopping.append(old)

    def stop(self) -> list[str]:
        """All of them, and what was wrong with how they ended."""
        for web in self._serving:
            web.send_signal(signal.SIGTERM)
        return [wrong for web in [*self._stopping, *self._serving] if (wrong := self._end_of(web))]

    def _end_of(self, web: subprocess.Popen[bytes]) -> str:
        try:
            code = web.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return f"a web process goes on {STOP_SECONDS:.0f} s after SIGTERM"
        # One that is told to stop while it starts has nothing to clean up yet.
        return "" if code in {0, -signal.SIGTERM} else f"a web process ended with {code}"
