"""What a worker costs that has nothing to do: commands to Redis, statements to PostgreSQL, and a core's time."""

import time
from contextlib import nullcontext
from typing import Any

from benchmarks import process
from benchmarks.contender import Contender
from benchmarks.servers import Servers
from benchmarks.session import Session, session
from benchmarks.sizes import Sizes
from benchmarks.stores import PostgresStore

#: After its last job a worker may tidy up for so long.
SETTLE_SECONDS = 2.0
#: Ours, while we watch.
OWN_COMMANDS = {"cmdstat_info"}


def measure(contender: Contender, sizes: Sizes, servers: Servers) -> dict[str, list[float]]:
    store = servers.store(contender)
    with session(contender, sizes, servers) as opened:
        opened.idle_worker()
        opened.enqueuer.stop()
        with store.counting_statements() if isinstance(store, PostgresStore) else nullcontext():
            return watch(opened)


def watch(opened: Session) -> dict[str, list[float]]:
    seconds = opened.sizes.idle_seconds
    time.sleep(SETTLE_SECONDS)
    before = totals(opened)
    time.sleep(seconds)
    after = totals(opened)
    return {key: [(after[key] - before[key]) / seconds] for key in before}


def totals(opened: Session) -> dict[str, float]:
    """What was used since the start; CPU in hundredths of a second, so that it becomes a percentage."""
    used = {
        "idle_cpu": process.cpu_seconds(opened.worker_pid) * 100,
        "idle_redis": redis_commands(opened.servers),
    }
    store = opened.servers.store(opened.contender)
    if isinstance(store, PostgresStore):
        used["idle_sql"] = store.statements()
    return used


def redis_commands(servers: Servers) -> int:
    """All but our own; those inside a script count too."""
    stats: dict[str, Any] = servers.valkey.info("commandstats")  # type: ignore[assignment]
    return sum(each["calls"] for name, each in stats.items() if name not in OWN_COMMANDS)
