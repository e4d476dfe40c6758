"""One page over HTTP: redirects by hand, each hop judged, everything bounded."""

import asyncio
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from jobs import InvalidInput, JobError
from jobs.guard import authority, check_url, parse_url
from jobs.tasks.sync.retry_after import parse_retry_after

MAX_PAGE_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 5
#: One page with all its redirects, from the first name lookup to the last byte.
PAGE_TIMEOUT_SECONDS = 60.0
#: When a source throttles without saying for how long.
USUAL_WAIT = timedelta(seconds=5)

REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: 4xx answers that are about now and not about the request.
TRANSIENT = frozenset({408, 425})
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "Handoff sync.pull"}


class SourceFailed(JobError):
    """The source could not be reached or failed; worth another attempt."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page that is new or has changed."""

    #: Where it came from, after redirects.
    url: str
    body: bytes
    #: Empty: it has none.
    etag: str
    #: `Link: rel="next"` as it stands in the header.
    next_link: str | None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The page is as it was when its ETag was given."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """The source asks to come back later."""

    after: timedelta


type Answer = Fetched | NotModified | Throttled


async def fetch(client: httpx.AsyncClient, url: str, *, etag: str, allowed: Collection[str]) -> Answer:
    """GETs a page. Raises InvalidInput for what another try won't cure, else SourceFailed."""
    try:
        async with asyncio.timeout(PAGE_TIMEOUT_SECONDS):
            return await _follow(client, parse_url(url), etag, allowed)
    except TimeoutError as error:
        raise SourceFailed(f"{url} took longer than {PAGE_TIMEOUT_SECONDS:g} s.") from error
    except (httpx.HTTPError, zlib.error) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise SourceFailed(f"{url} can't be read: {reason}.") from error


async def _follow(client: httpx.AsyncClient, start: httpx.URL, etag: str, allowed: Collection[str]) -> Answer:
    url = start
    for _ in range(MAX_REDIRECTS + 1):
        check_url(url, allowed=allowed)
        # An ETag tells who has read what: it goes only to the host that gave it.
        known = {"If-None-Match": etag} if etag and authority(url) == authority(start) else {}
        async with client.stream("GET", url, headers=known) as response:
            if response.status_code not in REDIRECTS:
                return await _read(response, asked_for_changes=bool(known))
            url = parse_url(_location(response), base=url)
    raise InvalidInput(f"{start} redirects more than {MAX_REDIRECTS} times; give the address it leads to.")


def _location(response: httpx.Response) -> str:
    if location := response.headers.get("Location"):
        return str(location)
    raise InvalidInput(f"{response.url} answered {_status(response)} without saying where to.")


async def _read(response: httpx.Response, *, asked_for_changes: bool) -> Answer:
    match response.status_code:
        case 200:
            return Fetched(
                url=str(response.url),
                body=await _body(response),
                etag=_etag(response),
                next_link=_next_link(response),
            )
        case 304 if asked_for_changes:
            return NotModified()
        case 429 | 503:
            asked = parse_retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
            if asked is None and response.status_code == 503:
                raise SourceFailed(f"{response.url} answered {_status(response)}.")
            return Throttled(USUAL_WAIT if asked is None else asked)
        case code if 400 <= code < 500 and code not in TRANSIENT:
            raise InvalidInput(
                f"{response.url} answered {_status(response)}; check that the address is right."
            )
    raise SourceFailed(f"{response.url} answered {_status(response)}.")


async def _body(response: httpx.Response) -> bytes:
    """The content, at most MAX_PAGE_BYTES after unpacking: a small gzip can hold gigabytes."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise InvalidInput(f"{response.url} answered {kind or 'no content type'}; expected application/json.")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise SourceFailed(f"{response.url} is packed as {encoding}, which was not asked for.")
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += inflate.decompress(chunk, MAX_PAGE_BYTES + 1) if inflate else chunk
        if len(body) > MAX_PAGE_BYTES:
            raise InvalidInput(
                f"{response.url} is larger than {MAX_PAGE_BYTES} bytes; ask for smaller pages."
            )
    if inflate and not inflate.eof:
        raise SourceFailed(f"{response.url} ended in the middle.")
    return bytes(body)


def _etag(response: httpx.Response) -> str:
    """Only an ASCII one can be sent back."""
    etag = str(response.headers.get("ETag", ""))
    return etag if etag.isascii() else ""


def _next_link(response: httpx.Response) -> str | None:
    """The target of `Link: …; rel="next"` (RFC 8288); a link may have several relations."""
    for relations, link in response.links.items():
        if relations and "next" in relations.lower().split():
            return link["url"]
    return None


def _status(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()
