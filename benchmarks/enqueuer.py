"""Our end of the process that enqueues (driver.py)."""

import json
import select
from typing import Any

from benchmarks import launch
from benchmarks.contender import Contender
from benchmarks.environment import log_of
from benchmarks.limits import START_SECONDS, Overrun, limit_for
from benchmarks.servers import Servers


class Enqueuer:
    """Runs from its making until `stop`."""

    def __init__(self, contender: Contender, servers: Servers) -> None:
        self._log = log_of(contender.name)
        self._process = launch.start(
            contender, servers, "-m", "benchmarks.driver", contender.client, talks=True
        )
        abilities = self._hear(START_SECONDS)
        self.has_bulk: bool = abilities["has_bulk"]
        self.has_results: bool = abilities["has_results"]

    def ask(self, do: str, job: str, count: int = 1) -> dict[str, Any]:
        """Blocks until it is done; answers when it began and how long it took."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, "job": job, "count": count}).encode() + b"\n")
        self._process.stdin.flush()
        return self._hear(limit_for(count))

    def _hear(self, limit: float) -> dict[str, Any]:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], limit)[0]:
            raise Overrun(f"the process that enqueues has not answered for {limit:.0f} s")
        if not (line := self._process.stdout.readline()):
            raise Overrun(f"the process that enqueues has ended; see {self._log}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        if self._process.returncode is None:
            launch.kill(self._process)
