"""Claimed jobs that have no row under their id: a stock arq client put them into Redis."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from arq.worker import Function
from django.utils import timezone

from jobs.broker import calls
from jobs.broker.calls import Call
from jobs.broker.envelope import refusal
from jobs.broker.leases import Ack, Lease, ack
from jobs.broker.ready import push
from jobs.errors import JobError, UnknownTask
from jobs.events.emit import publish
from jobs.lifecycle.adopt import adopt, adopted
from jobs.models.row import JobRow
from jobs.rules.milliseconds import unix_ms
from jobs.rules.unknown import is_given_up, pause_after
from jobs.store import StoreThread
from jobs.task import known_tasks

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SortedOut:
    #: Jobs that have a row: found by their arq id, or made now.
    with_row: list[Lease] = field(default_factory=list)
    #: Calls of plain functions.
    plain: list[tuple[Lease, Call]] = field(default_factory=list)


class Foreign:
    def __init__(self, store: StoreThread, functions: Mapping[str, Function]) -> None:
        self._store = store
        self._functions = functions

    async def sort_out(self, leases: Sequence[Lease]) -> SortedOut:
        """Says what each is. A call that can't be run is answered with an error, or put off if another worker might."""
        found, new = SortedOut(), list[tuple[Lease, JobRow]]()
        envelopes = await calls.read([lease.job_id for lease in leases])
        for lease, envelope in zip(leases, envelopes, strict=True):
            try:
                await self._sort(lease, envelope, found, new)
            except (JobError, ValueError) as error:
                await _refuse(lease, error)
        if new:
            await publish(await self._store(adopt, [job for _, job in new]))
            found.with_row.extend(lease for lease, _ in new)
        return found

    async def _sort(
        self, lease: Lease, envelope: bytes | None, found: SortedOut, new: list[tuple[Lease, JobRow]]
    ) -> None:
        call = None if envelope is None else calls.parse(envelope)
        if call is None or call.p is not None:
            found.with_row.append(lease)
        elif call.f in self._functions:
            found.plain.append((lease, call))
        elif task := known_tasks().get(call.f):
            new.append((lease, adopted(task, call, arq_id=lease.job_id, queue=lease.queue)))
        else:
            await _put_off(lease, call)


async def _put_off(lease: Lease, call: Call) -> None:
    """Another worker may know the function, or will soon: one that is just being deployed."""
    # Not since it was enqueued: it may have been deferred, or its queue was long or paused.
    now = unix_ms(timezone.now())
    since = now if call.u is None else call.u
    waited = timedelta(milliseconds=now - since)
    if is_given_up(waited):
        raise UnknownTask(f"No worker knows the function {call.f!r}.")
    await push([calls.waiting(lease, msgspec.structs.replace(call, u=since), pause_after(waited))])


async def _refuse(lease: Lease, error: Exception) -> None:
    logger.error("The call %s of an arq client can't be run: %s", lease.job_id, error)
    await ack([Ack(lease, refusal(lease.job_id, lease.queue, str(error)))])
