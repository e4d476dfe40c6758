"""The time-limited right to run a job: held by one claim, renewed while its worker lives, given back at the end."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from django.tasks import DEFAULT_TASK_QUEUE_NAME

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.scripts import Script

#: A worker that has not renewed for so long is lost, and its jobs are due again.
LEASE = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)
#: How long arq clients can read a result in Redis; the row keeps it longer.
KEEP_RESULT = timedelta(hours=1)

_renew = Script("renew")
_ack = Script("ack")


@dataclass(frozen=True, slots=True)
class Lease:
    job_id: str
    queue: str
    #: "<worker id>:<number of the claim>", unique.
    token: str


async def renew(leases: Iterable[Lease]) -> set[str]:
    """Prolongs the leases; answers the ids of the jobs that another worker has meanwhile."""
    lost: set[str] = set()
    for queue, of_queue in groupby(sorted(leases, key=attrgetter("queue")), key=attrgetter("queue")):
        args = [_milliseconds(LEASE), *(part for lease in of_queue for part in (lease.job_id, lease.token))]
        lost |= {job_id.decode() for job_id in await _renew(redis(), [keys.queue(queue)], args)}
    return lost


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
        await _ack(redis(), [keys.queue(queue)], [_milliseconds(KEEP_RESULT), *parts])


def _milliseconds(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)


async def take_over(job_id: str, worker_id: str, queue: str = DEFAULT_TASK_QUEUE_NAME) -> Lease:
    """A lease of ours in place of the one that a stock arq worker in this process has just taken."""
    lease = Lease(job_id, queue, f"{worker_id}:{secrets.token_hex(4)}")
    await redis().set(keys.IN_PROGRESS + job_id, lease.token, px=_milliseconds(LEASE))
    await renew([lease])
    return lease
