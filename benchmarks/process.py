"""What Linux tells of a process and its children."""

import os
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for parent in found:  # which grows meanwhile
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its living children."""
    return sum(_cpu_ticks(each) for each in tree(pid)) / _TICKS_PER_SECOND


def _cpu_ticks(pid: int) -> int:
    # The name, second of the fields, may hold spaces; after its bracket, user and system time are 12th and 13th.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_megabytes(pid: int) -> float:
    """Memory in use by a process and its children; what they share counts for each."""
    return sum(_resident_kilobytes(each) for each in tree(pid)) / 1024


def _resident_kilobytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
