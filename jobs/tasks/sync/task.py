"""`sync.pull`: a paginated JSON API into rows."""

import asyncio
import math
import time
from asyncio import sleep
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.tasks import task

from jobs import InvalidInput, JobContext, Snooze
from jobs.guard import GuardedNetwork, UrlRefused, authority, check_url, guarded_client, parse_url
from jobs.models import SyncRun
from jobs.models.synced import MAX_URL_LENGTH
from jobs.tasks.sync import store
from jobs.tasks.sync.arguments import CollectionName, IdField, ItemsField, Url
from jobs.tasks.sync.fetch import HEADERS, Fetched, NotModified, SourceFailed, Throttled, fetch
from jobs.tasks.sync.page import Page, read_page

MAX_PAGES = 5_000
MAX_RECORDS = 500_000
#: A longer wait frees the slot: the job is put off, and goes on where it stopped.
MAX_SLEEP = timedelta(seconds=30)
#: Sleeps for one page before the job is put off.
MAX_SLEEPS = 5
PAUSE_AFTER_SLEEPS = timedelta(minutes=1)
#: Times that a source may put one pull off; each further time is a failed attempt.
MAX_WAITS = 100
TIMEOUT = timedelta(minutes=10)
#: After this long the job gives its slot back between two pages and goes on later, so that no pull is too long.
TURN = timedelta(minutes=7)


@task(
    expose="sync.pull",
    takes_context=True,
    max_attempts=5,
    backoff="exponential",
    timeout=TIMEOUT,
)
async def pull(
    context: JobContext,
    url: Url,
    collection: CollectionName,
    id_field: IdField = "id",
    items_field: ItemsField = "",
) -> dict[str, Any]:
    """Pull a paginated JSON API into rows.

    Each page's records, its ETag and the position are one transaction: any later attempt goes on from there.
    """
    allowed: Collection[str] = settings.SYNC_ALLOWED_HOSTS
    first = parse_url(url)
    check_url(first, allowed=allowed)
    run = await sync_to_async(store.begin)(
        job_id=context.job_id, owner_id=context.owner_id, collection=collection, url=_storable(first)
    )
    async with guarded_client(GuardedNetwork(allowed=allowed), HEADERS) as client:
        await _Pull(context, client, allowed, run, store.Mapping(id_field, items_field)).to_the_end()
    return {
        "collection": collection,
        "pages": run.pages,
        "unchanged_pages": run.unchanged_pages,
        "records_written": run.records,
    }


class _Pull:
    """One attempt at a run."""

    def __init__(
        self,
        context: JobContext,
        client: httpx.AsyncClient,
        allowed: Collection[str],
        run: SyncRun,
        mapping: store.Mapping,
    ) -> None:
        self.context = context
        self.client = client
        self.allowed = allowed
        self.run = run
        self.mapping = mapping
        self.expected_pages = 0
        self.seen: set[str] = set()

    async def to_the_end(self) -> None:
        self.expected_pages = await sync_to_async(store.count_known_pages)(self.run)
        turn_ends = time.monotonic() + TURN.total_seconds()
        while self.run.next_url:
            self._check_limits()
            await self._pull_page()
            self._say(f"{self.run.pages} pages, {self.run.records} records written")
            if self.run.next_url and time.monotonic() > turn_ends:
                raise Snooze(timedelta(), f"Gives others a turn after {self.run.pages} pages.")

    def _check_limits(self) -> None:
        if self.run.pages >= MAX_PAGES:
            raise InvalidInput(
                f"The source has more than {MAX_PAGES} pages; ask for larger pages or for less."
            )
        if self.run.next_url in self.seen:
            raise InvalidInput(f"Page {self.run.pages} names as its next page one that was there before.")
        self.seen.add(self.run.next_url)

    async def _pull_page(self) -> None:
        known = await sync_to_async(store.find_page)(self.run, self.mapping)
        answer = await self._ask(etag=known.etag if known else "")
        if isinstance(answer, Fetched):
            await self._save(answer)
        elif known:  # only who sends an ETag is told "not modified"
            await sync_to_async(store.save_unchanged)(self.run, known.next_url)

    async def _ask(self, etag: str) -> Fetched | NotModified:
        """The answer to the run's next page, after the waits that the source asks for."""
        for _ in range(MAX_SLEEPS):
            answer = await fetch(self.client, self.run.next_url, etag=etag, allowed=self.allowed)
            if not isinstance(answer, Throttled):
                return answer
            if answer.after > MAX_SLEEP:
                raise await self._put_off(answer.after)
            self._say(f"The source asks to wait {math.ceil(answer.after.total_seconds())} s")
            await sleep(answer.after.total_seconds())
        raise await self._put_off(PAUSE_AFTER_SLEEPS)

    async def _put_off(self, after: timedelta) -> Snooze | SourceFailed:
        """The exception to raise."""
        if self.run.waits >= MAX_WAITS:
            return SourceFailed(f"The source asked {MAX_WAITS} times to come back later.")
        await sync_to_async(store.count_wait)(self.run)
        return Snooze(after, f"The source asks to come back in {after}.")

    async def _save(self, answer: Fetched) -> None:
        # In a thread: a page of some megabytes would hold up the loop.
        page = await asyncio.to_thread(
            read_page, answer.body, id_field=self.mapping.id_field, items_field=self.mapping.items_field
        )
        if self.run.records + len(page.records) > MAX_RECORDS:
            raise InvalidInput(f"The source has more than {MAX_RECORDS} records; ask for less.")
        change = store.Change(page.records, answer.etag, _next_url(answer, page))
        if page.total and page.records and change.next_url:
            self.expected_pages = math.ceil(page.total / len(page.records))
        await sync_to_async(store.save_changed)(self.run, change, self.mapping, datetime.now(UTC))

    def _say(self, text: str) -> None:
        self.context.progress(self.run.pages / max(self.expected_pages, self.run.pages + 1), text)


def _next_url(answer: Fetched, page: Page) -> str:
    """Where the next page is; empty: there is none. Raises UrlRefused for one on another host."""
    link = answer.next_link or page.next_link
    if not link:
        return ""
    here = httpx.URL(answer.url)
    there = parse_url(link, base=here)
    if (there.scheme, authority(there)) != (here.scheme, authority(here)):
        raise UrlRefused(
            f"The next page is on {there.scheme}://{authority(there)}; expected it on {authority(here)}."
        )
    return _storable(there)


def _storable(url: httpx.URL) -> str:
    text = str(url)
    if len(text) > MAX_URL_LENGTH:
        raise UrlRefused(f"The URL has {len(text)} characters; expected at most {MAX_URL_LENGTH}.")
    return text
