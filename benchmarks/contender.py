"""A row of the tables: a peer in one configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: A slot runs one job at a time; every worker that can have several has so many.
SLOTS = 100

type RedisCommand = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What the harness must know to run it; what it does is in its `client` and its `worker`."""

    #: For `--only`.
    name: str
    #: For people.
    title: str
    #: Its folder in peers/; the environment is made from that folder's requirements.txt. Empty: our own.
    peer: str
    #: What an accepted job survives, and where its result is.
    durability: str
    #: Module whose `Client` enqueues.
    client: str
    #: Arguments of its Python that run one worker process with SLOTS slots.
    worker: tuple[str, ...]

    #: What it keeps its jobs in besides Redis, if anything.
    database: Literal["postgresql", "sqlite"] | None = None
    #: Arguments of its Python that make its tables in a new database.
    prepare: tuple[str, ...] = ()
    #: Jobs that have not ended: the sum of what Redis answers to these ...
    left_in_redis: tuple[RedisCommand, ...] = ()
    #: ... or what SQL answers: whether there is one (a count would be work that slows the peer down) ...
    left_in_sql: str = ""
    #: ... or, for a peer that only knows what has ended, the number of stored results.
    ended_in_redis: RedisCommand = ()
    #: The number of the Redis database that `ended_in_redis` asks.
    redis_database: int = 0

    #: Jobs of the throughput workload, and of the one that sleeps: enough for some seconds.
    jobs: int
    naps: int
    #: Numbers of waiting jobs at which the cost of a job is measured.
    backlogs: tuple[int, ...] = (1_000, 10_000)
    #: Jobs of the workload that watches memory; 0: none.
    soak: int = 0
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return not self.peer
