"""What the run ran on, in one sentence."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.servers import Servers
from tests.servers import postgres_programs


def describe(servers: Servers) -> str:
    told: dict[str, str] = servers.valkey.info("server")  # type: ignore[assignment]
    broker = (
        f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told['redis_version']}"
    )
    postgres = subprocess.check_output([postgres_programs() / "postgres", "--version"], text=True).split()[-1]
    return (
        f"{cpu()}, {os.cpu_count()} cores, {memory_gigabytes():.0f} GB, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, Django {version('django')}, "
        f"PostgreSQL {postgres} (fsync and synchronous_commit on), "
        f"{broker} (append-only file, every second)."
    )


def cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
