"""What stock arq clients asked for: calls that have no row yet, or never get one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec

from jobs.broker import keys
from jobs.broker.client import redis
from jobs.broker.leases import Lease
from jobs.broker.ready import Waiting
from jobs.broker.scripts import Script
from jobs.rules.milliseconds import in_ms

#: arq forgets the number of tries after about a day.
KEEP_TRIES = timedelta(days=1)

#: Unix time in ms, up to the end of the calendar in the year 9999.
type Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_214_400_000)]

_try = Script("try")


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """arq's envelope, in its field names."""

    #: Name of the function.
    f: str
    a: list[Any]
    k: dict[str, Any]
    #: When it was enqueued, Unix time in ms.
    et: Milliseconds
    #: Number of its try, if the client set it.
    t: int | None = None
    #: Only our own envelopes have it: such a job has a row.
    p: int | None = None
    #: Ours too: when a worker first found that it does not know the function.
    u: Milliseconds | None = None


async def read(job_ids: Sequence[str]) -> list[bytes | None]:
    """The envelopes as they are; None where Redis has none."""
    found: list[bytes | None] = await redis().mget([keys.JOB + job_id for job_id in job_ids])
    return found


def parse(envelope: bytes) -> Call:
    """Raises ValueError: expected JSON, as pickle could run anything here."""
    try:
        return msgspec.json.decode(envelope, type=Call)
    except msgspec.MsgspecError as error:
        raise ValueError(
            f"The call is no JSON in arq's form ({error}); give the client a job_serializer that makes JSON."
        ) from error


def pack(call: Call) -> bytes:
    """As a client would have sent it; arq reads none without `t`."""
    return msgspec.json.encode({"t": call.t, **msgspec.to_builtins(call)})


def waiting(lease: Lease, call: Call, pause: timedelta) -> Waiting:
    """A call back in its queue, as its client put it there, for so long; the lease is given back."""
    return Waiting(
        job_id=lease.job_id,
        queue=lease.queue,
        due_ms=-in_ms(pause),
        priority=0,
        envelope=pack(call),
        token=lease.token,
    )


async def count_tries(job_ids: Sequence[str]) -> list[int]:
    """The number of each job's try that begins now, from 1."""
    tries: list[int] = await _try(redis(), [], [in_ms(KEEP_TRIES), *job_ids])
    return tries


async def uncount_tries(job_ids: Sequence[str]) -> None:
    """These tries ended through no fault of their jobs."""
    async with redis().pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.decr(keys.RETRY + job_id)
        await pipe.execute()
