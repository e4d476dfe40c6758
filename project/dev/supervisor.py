"""Runs Valkey, web and worker together, reloads the two on a change, and leaves no process behind."""

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from jobs.broker.embedded import start_embedded
from jobs.errors import BrokerUnavailable
from project import env
from project.dev import reload, schema
from project.dev.child import Child, Program
from project.dev.terminal import complain, is_coloured, say

HOST = "127.0.0.1"


class StartError(Exception):
    """Handoff cannot start here; the message says why and what to do."""


def main() -> int:
    """Run until Ctrl-C or SIGTERM. The exit code: 0 when told to stop, 1 when it could not start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    os.environ.setdefault("DEBUG", "true")
    os.environ["PYTHONUNBUFFERED"] = "1"  # each line of web and worker is shown when it is written
    if is_coloured():
        os.environ["FORCE_COLOR"] = "1"  # they see a pipe, not our terminal
    try:
        settings = env.read()
        with ExitStack() as outlasting:
            listener = outlasting.enter_context(closing(listen(settings.port)))
            if "REDIS_URL" not in os.environ:
                outlasting.enter_context(start_embedded(env.STATE / "valkey", env.local_socket()))
            asyncio.run(Supervisor(listener, settings).run())
    except (ImproperlyConfigured, BrokerUnavailable, StartError) as error:
        complain(f"handoff: {error}")
        return 1
    except KeyboardInterrupt:  # before there was anything to stop, or while Valkey stopped by itself
        return 130
    return 0


def listen(port: int) -> socket.socket:
    """The web processes inherit this socket, so that a reload refuses no connection."""
    try:
        return socket.create_server((HOST, port), backlog=2048)
    except OSError as error:
        raise StartError(
            f"Port {port} cannot be used: {os.strerror(error.errno or 0)}. Stop what uses it, or set PORT to another."
        ) from error


class Supervisor:
    """Web and worker, from the first process to the last."""

    def __init__(self, listener: socket.socket, settings: env.Environment) -> None:
        self._port = settings.port
        self._schema_is_current = schema.is_current(settings.database)
        python, fd = sys.executable, listener.fileno()
        self._web = Program("web", [python, "manage.py", "web", "--fd", str(fd)], env.ROOT, pass_fds=[fd])
        self._worker = Program("worker", [python, "worker.py"], env.ROOT)
        self._children: list[Child] = []
        self._told_to_stop = asyncio.Event()

    async def run(self) -> None:
        """Returns once told to stop, with nothing left running. Raises StartError."""
        for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(told, self._stop_or_hurry)
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self._told_to_stop.wait())
        await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
        for task in (work, stop):
            task.cancel()
        outcome, _ = await asyncio.gather(work, stop, return_exceptions=True)
        await asyncio.gather(*(child.stop() for child in self._children))
        if isinstance(outcome, Exception):
            raise outcome

    def _stop_or_hurry(self) -> None:
        if not self._told_to_stop.is_set():
            self._told_to_stop.set()
            say("\nStopping. (Once more: at once.)")
            return
        for child in self._children:
            child.kill()

    async def _work(self) -> None:
        waiting = [self._web, self._worker]
        if self._schema_is_current:  # web takes the longest to import: it need not wait
            self._children.append(Child(waiting.pop(0)))
        access = await prepare()
        self._children += [Child(program) for program in waiting]
        async with asyncio.TaskGroup() as together:
            together.create_task(self._announce(access))
            together.create_task(self._reload_on_change())

    async def _announce(self, access: dict[str, str]) -> None:
        while not await answers(self._port):  # noqa: ASYNC110  web crashed, of which no event tells
            await asyncio.sleep(0.1)
        url = f"http://{HOST}:{self._port}"
        say(
            f"""
Handoff is running.

  Sign in    {url}/dev/sign-in/{access["secret"]}   (works once)
  API token  {access["token"]}   (Authorization: Bearer …)
  Mailbox    {url}/dev/mailbox/
  Stop       Ctrl-C
"""
        )

    async def _reload_on_change(self) -> None:
        changes: asyncio.Queue[set[Path]] = asyncio.Queue()
        suspects: set[Path] = set()
        async with asyncio.TaskGroup() as together:
            together.create_task(reload.watch(env.ROOT, changes))
            while True:
                suspects |= await changes.get()
                names = ", ".join(sorted(str(path.relative_to(env.ROOT)) for path in suspects))
                if problem := await reload.what_is_wrong(suspects, env.ROOT):
                    complain(f"\n{problem}\nNot reloaded: what ran before {names} changed keeps running.\n")
                    continue
                suspects.clear()
                for child in self._children:
                    child.replace()
                say(f"Reloaded: {names}")


async def prepare() -> dict[str, str]:
    """Migrate, and get what the developer may use. Raises StartError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "project.dev.prepare"),
        cwd=env.ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        answer, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise StartError(complaint.decode(errors="replace").strip())
    access: dict[str, str] = json.loads(answer)
    return access


async def answers(port: int) -> bool:
    """Whether web answers. The socket has been open all along: the request waits in it until web is up."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        with closing(writer):
            writer.write(f"GET /livez HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline()).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
