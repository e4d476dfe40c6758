"""What can go wrong round the engine. Each fault is two steps, and lasts a while between them."""

import random
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from redis.exceptions import ResponseError

from tests.chaos.notes import What, note
from tests.chaos.proxy import Proxy
from tests.chaos.steps import POINTS
from tests.chaos.world import World


def nothing() -> None:
    """For a fault that heals by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    name: str
    inject: Callable[[], None]
    heal: Callable[[], None] = nothing
    #: Seconds between the two, the least and the most.
    lasts: tuple[float, float] = (0.0, 0.0)
    #: Whether it comes between workers and what they need, so that none can be blamed for being late.
    is_trouble: bool = True

    @contextmanager
    def in_force(self) -> Iterator[None]:
        if self.is_trouble:
            note(What.FAULT, text=self.name)
        self.inject()
        try:
            yield
        finally:
            self.heal()
            if self.is_trouble:
                note(What.HEALED, text=self.name)


# Workers


class Workers:
    """What is done to workers. `rng` chooses whom it meets."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._frozen: subprocess.Popen[bytes] | None = None
        self._doomed: subprocess.Popen[bytes] | None = None

    def killed(self) -> Fault:
        return of_worker("worker killed", self._kill, self._replace, lasts=(0, 2))

    def frozen(self) -> Fault:
        return of_worker("worker frozen past its lease", self._freeze, self._thaw, lasts=(17, 22))

    def deployed(self) -> Fault:
        return of_worker("worker deployed", self._deploy, lasts=(0.5, 3))

    def all_deployed(self) -> Fault:
        return of_worker("all workers deployed", self._deploy_all, lasts=(0.5, 3))

    def doomed(self) -> Fault:
        return of_worker("worker dies at a step", self._doom, self._pardon, lasts=(3, 8))

    def _one(self) -> subprocess.Popen[bytes]:
        return self._rng.choice(self._world.workers)

    def _kill(self) -> None:
        self._world.kill(self._one())

    def _replace(self) -> None:
        self._world.start_worker()

    def _freeze(self) -> None:
        self._frozen = self._one()
        note(What.FROZEN, pid=self._frozen.pid)
        self._frozen.send_signal(signal.SIGSTOP)

    def _thaw(self) -> None:
        assert self._frozen is not None
        note(What.THAWED, pid=self._frozen.pid)
        self._frozen.send_signal(signal.SIGCONT)

    def _deploy(self) -> None:
        """The new one starts before the old one has gone."""
        self._world.start_worker()
        self._world.tell_to_stop(self._world.workers[0])

    def _deploy_all(self) -> None:
        old = list(self._world.workers)
        for worker in old:
            self._world.start_worker()
            self._world.tell_to_stop(worker)

    def _doom(self) -> None:
        """One more worker, which kills itself at some step of some job."""
        step, when = self._rng.choice(POINTS)
        self._doomed = start_doomed(self._world, step, when, self._rng.randint(1, 20))

    def _pardon(self) -> None:
        assert self._doomed is not None
        self._world.reap()
        if self._doomed in self._world.workers:
            self._world.tell_to_stop(self._doomed)


def of_worker(
    name: str, inject: Callable[[], None], heal: Callable[[], None] = nothing, *, lasts: tuple[float, float]
) -> Fault:
    return Fault(name=name, inject=inject, heal=heal, lasts=lasts, is_trouble=False)


def start_doomed(world: World, step: str, when: str, count: int) -> subprocess.Popen[bytes]:
    return world.start_worker("-m", "tests.chaos.doomed", step, when, str(count))


# Redis


def broker_faults(world: World) -> list[Fault]:
    revive = partial(revive_broker, world)
    return [
        Fault(name="broker killed", inject=lambda: kill_broker(world), heal=revive, lasts=(0.1, 8)),
        Fault(name="broker lost", inject=lambda: lose_broker(world), heal=revive, lasts=(0.1, 8)),
        Fault(name="broker wiped", inject=lambda: wipe_broker(world)),
        Fault(
            name="broker read-only",
            inject=lambda: tell_broker(world, "REPLICAOF", "127.0.0.1", "1"),
            heal=lambda: tell_broker(world, "REPLICAOF", "NO", "ONE"),
            lasts=(0.5, 8),
        ),
        Fault(
            name="broker out of memory",
            inject=lambda: tell_broker(world, "CONFIG", "SET", "maxmemory", "1"),
            heal=lambda: tell_broker(world, "CONFIG", "SET", "maxmemory", "0"),
            lasts=(0.5, 8),
        ),
        *network_faults("broker", world.broker_proxy),
    ]


def kill_broker(world: World) -> None:
    world.system.valkey.process.kill()
    world.system.valkey.process.wait()


def revive_broker(world: World) -> None:
    world.filler.unlink(missing_ok=True)  # it can't start on a full disk
    world.system.close()
    world.system.start_valkey()


def lose_broker(world: World) -> None:
    """It dies, and its disk with it."""
    kill_broker(world)
    shutil.rmtree(world.folder / "v" / "appendonlydir", ignore_errors=True)
    note(What.WIPED)


def wipe_broker(world: World) -> None:
    with suppress(ResponseError):  # refused while the disk is full
        tell_broker(world, "FLUSHALL")
        note(What.WIPED)


def tell_broker(world: World, *command: str) -> None:
    with world.broker() as broker:
        broker.execute_command(*command)


def network_faults(name: str, proxy: Proxy) -> list[Fault]:
    def slow() -> None:
        proxy.lag_seconds = 0.3

    return [
        Fault(name=f"{name} cut off", inject=proxy.cut, heal=proxy.heal, lasts=(0.1, 8)),
        Fault(name=f"{name} silent", inject=proxy.silence, heal=proxy.heal, lasts=(0.1, 12)),
        Fault(name=f"{name} slow", inject=slow, heal=proxy.heal, lasts=(2, 8)),
    ]


# The store


def store_faults(world: World) -> list[Fault]:
    if world.store == "sqlite":
        return [Fault(name="store locked", **locked_store(world), lasts=(0.5, 8))]
    postgres, proxy = world.postgres, world.store_proxy
    assert postgres is not None
    assert proxy is not None
    return [
        Fault(name="store crashed", inject=postgres.crash, heal=postgres.start, lasts=(0.1, 8)),
        Fault(
            name="store read-only",
            inject=lambda: make_store(world, read_only=True),
            heal=lambda: make_store(world, read_only=False),
            lasts=(0.5, 8),
        ),
        *network_faults("store", proxy),
    ]


def locked_store(world: World) -> dict[str, Callable[[], None]]:
    """Another program writes for a long time."""
    holders: list[sqlite3.Connection] = []

    def lock() -> None:
        holder = sqlite3.connect(world.folder / "db.sqlite3", isolation_level=None, timeout=20)
        holder.execute("BEGIN IMMEDIATE")
        holders.append(holder)

    def let_go() -> None:
        holder = holders.pop()
        holder.rollback()
        holder.close()

    return {"inject": lock, "heal": let_go}


def make_store(world: World, *, read_only: bool) -> None:
    """As after a failover to a standby, and back: connections are cut, and new ones may only read, or write again."""
    world.ask_store(f"ALTER ROLE handoff SET default_transaction_read_only = {'on' if read_only else 'off'}")
    world.ask_store(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND usename = 'handoff'"
    )


# The disk


@contextmanager
def small_disk(mebibytes: int = 700) -> Iterator[Path | None]:
    """A file system that can be filled up without harm; None where we may not mount one."""
    folder = Path(f"/tmp/handoff-disk-{random.randrange(16**8):08x}")
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "handoff-chaos", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        with suppress(OSError):
            folder.rmdir()


def disk_faults(world: World, disk: Path | None) -> list[Fault]:
    """Redis' file and the store share the disk, so both are full at once."""
    if disk is None:
        return []

    def fill() -> None:
        with world.filler.open("wb") as file, suppress(OSError):
            while True:
                file.write(bytes(1024 * 1024))
                file.flush()

    def clear() -> None:
        world.filler.unlink(missing_ok=True)
        if world.postgres and world.postgres.process.poll() is not None:
            world.postgres.start()  # it gives up when it can't write its log

    return [Fault(name="disk full", inject=fill, heal=clear, lasts=(0.5, 6))]
