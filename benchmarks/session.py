"""One contender's turn: an empty store, a process that enqueues, and a worker that is started and stopped."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from benchmarks import launch, process
from benchmarks.contender import Contender
from benchmarks.enqueuer import Enqueuer
from benchmarks.environment import log_of
from benchmarks.limits import Overrun, limit_for
from benchmarks.listener import Listener, listening
from benchmarks.questions import Question, question
from benchmarks.servers import Servers
from benchmarks.sizes import Sizes

#: How often a peer's store is asked whether all jobs have ended.
ASK_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What a worker needed to work off a queue."""

    jobs: int
    #: From the first line of the first job until the store was seen to hold no job that had not ended.
    seconds: float
    #: Of the worker in that time.
    cpu_seconds: float
    #: Memory of the worker at the end.
    megabytes: float


@dataclass(kw_only=True)
class Session:
    """Ask `session()` for one."""

    contender: Contender
    sizes: Sizes
    servers: Servers
    listener: Listener
    question: Question
    #: Jobs that were enqueued and have not been worked off.
    waiting: int = 0

    def __post_init__(self) -> None:
        self.enqueuer = Enqueuer(self.contender, self.servers)
        self._worker: launch.Process | None = None

    def enqueue(self, way: str, job: str, count: int) -> float:
        """Enqueues in one of the ways of driver.py; answers the seconds that it took."""
        self.waiting += count
        self.question.enqueued += count
        return float(self.enqueuer.ask(way, job, count)["seconds"])

    def fill(self, job: str, count: int) -> float:
        """Enqueues in the quickest way that the peer has."""
        return self.enqueue("bulk" if self.enqueuer.has_bulk else "concurrent", job, count)

    def ping(self) -> float:
        """Enqueues one job; answers the seconds from just before that until its first line."""
        self.question.enqueued += 1
        sent_ns = int(self.enqueuer.ask("single", "ping")["started_ns"])
        return (self.listener.ping() - sent_ns) / 1e9

    def round_trip(self) -> float:
        """Enqueues one job and waits for its result; answers the seconds that it took."""
        self.question.enqueued += 1
        return float(self.enqueuer.ask("round_trip", "add")["seconds"])

    @property
    def worker_pid(self) -> int:
        assert self._worker
        return self._worker.pid

    def start_worker(self) -> None:
        self.listener.forget()
        self._worker = launch.start(self.contender, self.servers, *self.contender.worker)

    def idle_worker(self) -> None:
        """Sees to it that a worker runs and has nothing to do."""
        if self._worker is None:
            self.start_worker()
        self.wait_until_none_left()
        self.listener.forget()
        self.ping()

    def stop_worker_cleanly(self) -> None:
        """For one that leaves something behind at its end."""
        assert self._worker
        launch.stop(self._worker)

    def stop_worker(self) -> None:
        """At once: it has nothing to do."""
        worker, self._worker = self._worker, None
        if worker:
            launch.kill(worker)

    def drain(self) -> Drained:
        """Starts a worker and waits until it has worked off what was enqueued."""
        jobs = self.waiting
        self.start_worker()
        started_ns = self.listener.start_of(1)
        cpu_before = process.cpu_seconds(self.worker_pid)
        ended_ns = self.wait_until_none_left()
        return Drained(
            jobs=jobs,
            seconds=(ended_ns - started_ns) / 1e9,
            cpu_seconds=process.cpu_seconds(self.worker_pid) - cpu_before,
            megabytes=process.resident_megabytes(self.worker_pid),
        )

    def wait_until_none_left(self) -> int:
        """Asks the store until all jobs have ended; answers when that was seen, on the monotonic clock."""
        deadline = time.monotonic() + limit_for(self.waiting)
        while self.question.any_left():
            if self._worker and self._worker.poll() is not None:
                raise Overrun(f"the worker ended by itself; see {log_of(self.contender.name)}")
            if time.monotonic() > deadline:
                raise Overrun(f"the worker has not worked off {self.waiting:,} jobs in time")
            time.sleep(ASK_SECONDS)
        self.waiting = 0
        return time.monotonic_ns()

    def close(self) -> None:
        """At once: what its processes still have to do matters no more."""
        self.enqueuer.stop()
        if self._worker:
            launch.kill(self._worker)


@contextmanager
def session(contender: Contender, sizes: Sizes, servers: Servers) -> Iterator[Session]:
    """Its store is empty and its client is connected; no worker runs. All is gone at the end."""
    log_of(contender.name).write_bytes(b"")
    servers.renew(contender)
    with (
        listening(servers.beacon) as listener,
        question(contender, servers) as asked,
        closing(
            Session(contender=contender, sizes=sizes, servers=servers, listener=listener, question=asked)
        ) as opened,
    ):
        yield opened
