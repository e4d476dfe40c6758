"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that may be sent again."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from jobs.api.auth import ApiRequest
from jobs.api.problems import Kind, Problem
from jobs.broker.alone import alone
from jobs.lifecycle.once import Key

MAX_LENGTH = 255
#: The draft has a text in quotes (RFC 8941 §3.3.3), most clients send it without them. Both are the same key.
_QUOTED = re.compile(rf'"((?:[ !#-\[\]-~]|\\["\\]){{1,{MAX_LENGTH}}})"')
_BARE = re.compile(rf"[!#-~]{{1,{MAX_LENGTH}}}")
#: Of the header's value, as JSON Schema has patterns.
PATTERN = f"^(?:{_BARE.pattern}|{_QUOTED.pattern})$"
#: Whoever is told to come back later may do so then.
RETRY_AFTER_SECONDS = 1


def key_of(request: ApiRequest, *asked: bytes) -> Key | None:
    """The key of the request, None if it has none. Raises Problem for what can't be one.

    `asked`: what makes it a different request, byte for byte, besides its address.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    return Key(
        digest=sha256(f"{request.auth.pk}\n{_read(given)}".encode()).hexdigest(),
        owner_id=request.auth.pk,
        fingerprint=sha256(b"\n".join([request.path.encode(), *asked])).hexdigest(),
    )


def _read(given: str) -> str:
    if quoted := _QUOTED.fullmatch(given):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if _BARE.fullmatch(given):
        return given
    detail = (
        f'Expected an Idempotency-Key of 1 to {MAX_LENGTH} visible ASCII characters, such as "8e03978e-40d5"; '
        f"got {len(given)} characters."
    )
    raise Problem(Kind.INVALID_KEY, detail)


@asynccontextmanager
async def first_of(key: Key) -> AsyncIterator[None]:
    """Raises Problem when a request with the same key is being answered."""
    async with alone(key.digest) as is_alone:
        if not is_alone:
            raise Problem(
                Kind.IN_PROGRESS,
                "A request with this Idempotency-Key is being answered; send this one again for the same answer.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        yield
