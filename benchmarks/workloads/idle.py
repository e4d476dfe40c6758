"""What a worker costs that has nothing to do: commands to Redis, statements to PostgreSQL, and a core's time."""

import time
from typing import Any

from benchmarks import process
from benchmarks.contender import Contender
from benchmarks.servers import Servers, database_name
from benchmarks.session import Session, session
from benchmarks.sizes import Sizes

#: After its last job a worker may tidy up for so long.
SETTLE_SECONDS = 2.0
#: Ours, while we watch.
OWN_COMMANDS = {"cmdstat_info"}
#: Statements so far in one database.
COUNT_STATEMENTS = """
    SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
    JOIN pg_database ON pg_database.oid = dbid WHERE datname = %s
"""


def measure(contender: Contender, sizes: Sizes, servers: Servers) -> dict[str, list[float]]:
    with session(contender, sizes, servers) as opened:
        opened.idle_worker()
        opened.enqueuer.stop()
        if contender.database != "postgresql":
            return watch(opened)
        with servers.counting_statements():
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
    if opened.contender.database == "postgresql":
        used["idle_sql"] = sql_statements(opened.servers, opened.contender)
    return used


def redis_commands(servers: Servers) -> int:
    """All but our own; those inside a script count too."""
    stats: dict[str, Any] = servers.valkey.info("commandstats")  # type: ignore[assignment]
    return sum(each["calls"] for name, each in stats.items() if name not in OWN_COMMANDS)


def sql_statements(servers: Servers, contender: Contender) -> int:
    with servers.connect("postgres") as connection:
        row: Any = connection.execute(COUNT_STATEMENTS, [database_name(contender)]).fetchone()
    return int(row[0])
