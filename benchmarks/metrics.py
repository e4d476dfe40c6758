"""The tables: which metrics they show, and what is better."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Metric:
    """A column."""

    #: Under which the samples are kept.
    key: str
    title: str
    #: Samples of all rounds to one value.
    of: Callable[[Sequence[float]], float] = median
    more_is_better: bool = True
    #: Digits after the point.
    digits: int = 0
    #: Whether a ratio tells something; near nothing it does not.
    has_ratio: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[Metric, ...]


def p99(samples: Sequence[float]) -> float:
    """Of few samples, the largest."""
    return quantiles(samples, n=100, method="inclusive")[-1] if len(samples) > 1 else samples[0]


def latency(key: str, title: str) -> tuple[Metric, Metric]:
    return (
        Metric(key, f"{title} p50", more_is_better=False, digits=1),
        Metric(key, f"{title} p99", of=p99, more_is_better=False, digits=1),
    )


def cost(key: str, title: str, digits: int, *, has_ratio: bool = False) -> Metric:
    return Metric(key, title, more_is_better=False, digits=digits, has_ratio=has_ratio)


def backlog(size: int) -> Metric:
    return Metric(f"backlog_{size}", f"{size:,} waiting", has_ratio=False)


THROUGHPUT = Metric("throughput", "no-op jobs")

TABLES = (
    Table("Throughput, jobs/s", (THROUGHPUT, Metric("sleeps", "sleeps of 10 ms"))),
    Table("Latency at idle, ms", (*latency("pickup", "pick-up"), *latency("round_trip", "round trip"))),
    Table(
        "Enqueueing, jobs/s",
        (
            Metric("enqueue_single", "one by one"),
            Metric("enqueue_concurrent", "100 callers"),
            Metric("enqueue_bulk", "in bulk"),
        ),
    ),
    Table(
        "What a worker costs",
        (
            cost("cpu_per_1000", "CPU s per 1,000 jobs", 2, has_ratio=True),
            cost("megabytes", "memory, MB", 0, has_ratio=True),
            cost("idle_cpu", "idle: % of a core", 1),
            cost("idle_redis", "idle: Redis commands/s", 1),
            cost("idle_sql", "idle: SQL statements/s", 1),
        ),
    ),
    Table("Jobs/s behind a backlog", tuple(backlog(size) for size in (1_000, 10_000, 100_000, 1_000_000))),
    Table(
        "A million jobs through one worker",
        (Metric("soak", "jobs/s", has_ratio=False), cost("soak_growth", "growth of memory, MB", 1)),
    ),
)
