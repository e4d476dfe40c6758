"""What a client can ask for. Written once: see handoff/blocking.py for how it serves code without a loop too."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from math import inf
from pathlib import PurePath
from time import monotonic
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import msgspec

from handoff import sse
from handoff.problem import Problem
from handoff.sender import Sender
from handoff.shapes import Batch, Event, Job, Page, Submission, Upload

API = "/api/v1"
JSON = {"Content-Type": "application/json"}
LENIENT = {"Prefer": "handling=lenient"}
#: The longest that the server holds an answer back.
MAX_WAIT_SECONDS = 30.0
#: A server that can't hold an answer back is not asked more often than this.
POLL_SECONDS = 1.0
#: The most that a page may have.
PAGE_SIZE = 100

#: The refusals of a stream that has begun, as HTTP would have said them.
REFUSALS = {"not_found": 404, "too_many": 429}


class Verbs:
    """Every method raises Problem: at once if the server refuses, and when the time for further tries is over."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def submit(
        self,
        task: str,
        args: Mapping[str, Any] | None = None,
        *,
        queue: str | None = None,
        priority: int | None = None,
        run_after: datetime | None = None,
        tags: Sequence[str] = (),
        webhook: UUID | str | None = None,
        wait: timedelta | float = 0,
        idempotency_key: str | None = None,
    ) -> Job:
        """The stored job; with `wait` (up to 30 s) the job as it has ended, if it does so within that time.

        It is stored once however often it has to be sent. The key holds for 24 hours: give one of your own if your
        program may be started anew and then submit the same.
        """
        submission = Submission(task, dict(args or {}), queue, priority, run_after, tags, webhook)
        seconds = min(_seconds(wait), MAX_WAIT_SECONDS)
        return await self._sender.call(
            Job,
            "POST",
            f"{API}/jobs",
            wait=seconds,
            content=msgspec.json.encode(submission),
            headers=JSON | _once(idempotency_key) | _waiting(seconds),
        )

    async def submit_many(
        self, submissions: Iterable[Submission], *, lenient: bool = False, idempotency_key: str | None = None
    ) -> Batch:
        """Stores all of them or, lenient, those that fit; once, however often they have to be sent."""
        return await self._sender.call(
            Batch,
            "POST",
            f"{API}/jobs/batch",
            content=msgspec.json.encode(list(submissions)),
            headers=JSON | _once(idempotency_key) | (LENIENT if lenient else {}),
        )

    async def get(self, job_id: UUID | str) -> Job:
        """The job as it is now."""
        return await self._get(job_id)

    async def _get(self, job_id: UUID | str, wait: float = 0, within: float | None = None) -> Job:
        """... or once it has ended, if it does so in `wait` seconds."""
        return await self._sender.call(
            Job, "GET", _address(job_id), wait=wait, within=within, headers=_waiting(wait)
        )

    async def wait(self, job_id: UUID | str, timeout: timedelta | float | None = None) -> Job:  # noqa: ASYNC109
        """The job once it has ended. TimeoutError if it has not within `timeout`, a timedelta or seconds.

        Problem if the server can't be asked.
        """
        ends_at = inf if timeout is None else monotonic() + _seconds(timeout)
        while True:
            asked_at = monotonic()
            left = max(0.0, ends_at - asked_at)
            job = await self._get(job_id, wait=min(left, MAX_WAIT_SECONDS), within=left)
            if job.has_ended:
                return job
            if monotonic() >= ends_at:
                raise TimeoutError(f"Job {job_id} has not ended in time: it is {job.status}.")
            await self._sender.sleep(max(0.0, min(asked_at + POLL_SECONDS, ends_at) - monotonic()))

    async def jobs(
        self,
        *,
        status: str | Sequence[str] = (),
        task: str | None = None,
        queue: str | None = None,
        tag: str | None = None,
        owner: int | None = None,
        enqueued_from: datetime | None = None,
        enqueued_before: datetime | None = None,
        args: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Job]:
        """Your jobs that are so, newest first, page by page as they are asked for.

        `status`: one, or any of several; `owner`: a user's id, for staff; `args`: values of arguments, with `task`.
        """
        query = {
            "status": status if isinstance(status, str) else list(status),
            "task": task,
            "queue": queue,
            "tag": tag,
            "owner": owner,
            "enqueued_from": enqueued_from and enqueued_from.isoformat(),
            "enqueued_before": enqueued_before and enqueued_before.isoformat(),
            "args": args and msgspec.json.encode(dict(args)).decode(),
            "limit": PAGE_SIZE,
        }
        params: Any = {name: value for name, value in query.items() if value is not None}
        address: str | None = f"{API}/jobs"
        while address:
            page = await self._sender.call(Page, "GET", address, params=params)
            for job in page.jobs:
                yield job
            address, params = page.next, None  # the address has its own

    async def events(self, job_id: UUID | str, *, after: int = 0) -> AsyncGenerator[Event]:
        """Every event with a number above `after`, in order and once each: those that were, then those that come.

        Ends when the job has ended and all is told. A stream that breaks is taken up where it broke off. Should the
        server not have the events between any more, one of the kind `reset` says so: its data is the job as it is,
        and its number the one after which it goes on.
        """
        patience = self._sender.patience()
        while True:
            begun_after = after
            try:
                async with self._stream(job_id, after) as answer:
                    if answer.status_code == HTTPStatus.NO_CONTENT:
                        return
                    async for message in sse.messages(answer.aiter_bytes()):
                        patience = self._sender.patience()
                        if message is not None:
                            event = _event(message, job_id)
                            after = event.seq
                            yield event
                if after == begun_after:
                    raise Problem(None, {"title": "No answer", "detail": "The stream ended early."})
            except Problem as problem:
                await self._sender.rest(patience, problem)

    def _stream(self, job_id: UUID | str, after: int) -> AbstractAsyncContextManager[httpx.Response]:
        headers = {"Accept": sse.MEDIA_TYPE, "Last-Event-ID": str(after)}
        return self._sender.answer(
            "GET", f"{_address(job_id)}/events", wait=sse.HEARTBEAT_SECONDS, headers=headers
        )

    async def cancel(self, job_id: UUID | str) -> Job:
        """Cancelled if it waited, and it never starts; if it runs, it is told, and ends soon after.

        Problem "already-ended" if it has ended otherwise.
        """
        try:
            return await self._sender.call(Job, "POST", f"{_address(job_id)}/cancellation")
        except Problem as problem:
            if problem.name == "already-ended" and (job := await self.get(job_id)).status == "cancelled":
                return job  # maybe by this very call: the answer to its first try may have been lost
            raise

    async def retry(self, job_id: UUID | str, args: Mapping[str, Any] | None = None) -> Job:
        """Makes a job that has ended ready again, with other arguments if some are given.

        Not repeated when its answer is lost, as the job might have run and ended meanwhile: look at it first.
        """
        body = msgspec.json.encode({} if args is None else {"args": dict(args)})
        path = f"{_address(job_id)}/retries"
        return await self._sender.call(Job, "POST", path, is_repeatable=False, content=body, headers=JSON)

    async def upload(
        self, file: BinaryIO, *, name: str | None = None, content_type: str | None = None
    ) -> Upload:
        """Stores the whole file, under its own name if no other is given. It must be seekable."""
        name = name or PurePath(str(getattr(file, "name", "file"))).name
        part = (name, file, content_type) if content_type else (name, file)
        return await self._sender.call(Upload, "POST", f"{API}/uploads", files={"file": part})

    async def download(self, job_id: UUID | str, name: str, to: BinaryIO) -> None:
        """Writes a file that the job made to where `to` stands, and cuts off what followed. Must be seekable."""
        path, start = f"{_address(job_id)}/files/{quote(name, safe='')}", to.tell()

        async def attempt() -> None:
            to.seek(start)
            to.truncate()
            async with self._sender.answer("GET", path) as answer:
                async for chunk in answer.aiter_bytes():
                    to.write(chunk)

        await self._sender.persist(attempt)


def _once(key: str | None) -> dict[str, str]:
    """Every try sends the same one."""
    return {"Idempotency-Key": key or str(uuid4())}


def _waiting(seconds: float) -> dict[str, str]:
    return {"Prefer": f"wait={int(seconds)}"} if seconds else {}


def _address(job_id: UUID | str) -> str:
    return f"{API}/jobs/{quote(str(job_id), safe='')}"


def _seconds(time: timedelta | float) -> float:
    return time.total_seconds() if isinstance(time, timedelta) else time


def _event(message: dict[str, Any], job_id: UUID | str) -> Event:
    """Raises Problem for a refusal."""
    match message["type"]:
        case "event":
            return msgspec.convert(message, Event)
        case "error":
            members = {"title": message["code"], "detail": message["detail"]}
            raise Problem(REFUSALS.get(message["code"], HTTPStatus.FORBIDDEN), members)
    return Event(message["seq"], "reset", datetime.now(UTC), message["job"], str(job_id))
