"""The time-limited right to run a job: held by one claim, renewed while its worker lives, given back at the end."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from math import inf
from operator import attrgetter

from django.tasks import DEFAULT_TASK_QUEUE_NAME
from redis import Redis as SyncRedis

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.scripts import Script
from jobs.rules.milliseconds import in_ms

#: A worker that has not renewed for so long is lost, and its jobs are due again.
LEASE = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)
#: How long arq clients can read a result in Redis; the row keeps it longer.
KEEP_RESULT = timedelta(hours=1)

_prolong = Script("prolong")
_renew = Script("renew")
_ack = Script("ack")


@dataclass(frozen=True, slots=True)
class Lease:
    job_id: str
    queue: str
    #: "<worker id>:<number of its claim>.<place in it>", unique.
    token: str
    #: When it is over unless it is prolonged, by time.monotonic(); never too late.
    over_at: float = field(default=inf, compare=False)


@dataclass(frozen=True, slots=True)
class Prolonged:
    """Ids of the jobs whose leases could not be."""

    #: Another worker has them.
    lost: set[str]
    #: Nobody has: they ran out, Redis forgot them, or they were given back a moment ago.
    gone: set[str]


def prolong(client: SyncRedis, leases: Iterable[Lease]) -> Prolonged:
    """Prolongs the leases that are still held; takes none back, so it does no harm to one that is being given back."""
    lost: set[str] = set()
    gone: set[str] = set()
    for queue, args in _by_queue(leases):
        taken, missing = _prolong.sync(client, [keys.queue(queue)], args)
        lost |= {job_id.decode() for job_id in taken}
        gone |= {job_id.decode() for job_id in missing}
    return Prolonged(lost, gone)


async def renew(leases: Iterable[Lease]) -> set[str]:
    """Prolongs the leases and takes back those that nobody has; answers the ids of the jobs that another worker has."""
    lost: set[str] = set()
    for queue, args in _by_queue(leases):
        lost |= {job_id.decode() for job_id in await _renew(redis(), [keys.queue(queue)], args)}
    return lost


def _by_queue(leases: Iterable[Lease]) -> Iterator[tuple[str, list[str | int]]]:
    """Arguments of the scripts that prolong, for each queue."""
    for queue, of_queue in groupby(sorted(leases, key=attrgetter("queue")), key=attrgetter("queue")):
        yield (
            queue,
            [in_ms(LEASE), *(part for lease in of_queue for part in (lease.job_id, lease.token))],
        )


@dataclass(frozen=True, slots=True)
class Ack:
    lease: Lease
    #: The result in arq's form, or empty.
    result: bytes = b""


async def ack(acks: Iterable[Ack]) -> None:
    """Lets Redis forget jobs whose end the store has recorded. Safe to repeat."""
    for queue, of_queue in groupby(
        sorted(acks, key=lambda ack: ack.lease.queue), key=lambda ack: ack.lease.queue
    ):
        parts = (part for ack in of_queue for part in (ack.lease.job_id, ack.lease.token, ack.result))
        await _ack(redis(), [keys.queue(queue)], [in_ms(KEEP_RESULT), *parts])


async def take_over(job_id: str, worker_id: str, queue: str = DEFAULT_TASK_QUEUE_NAME) -> Lease:
    """A lease of ours in place of the one that a stock arq worker in this process has just taken."""
    lease = Lease(job_id, queue, f"{worker_id}:{secrets.token_hex(4)}")
    await redis().set(keys.IN_PROGRESS + job_id, lease.token, px=in_ms(LEASE))
    await renew([lease])
    return lease
