"""One try: signed as Standard Webhooks says, to a public address, not followed anywhere, everything bounded."""

import asyncio
import math
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from django.utils import timezone
from standardwebhooks import Webhook

from jobs.errors import SecretsUnreadable
from jobs.guard import GuardedNetwork, UrlRefused, check_url, guarded_client, parse_url
from jobs.models import WebhookDelivery

#: From the lookup of the name to the status of the answer.
TRY_TIMEOUT_SECONDS = 15.0
MAX_ERROR_CHARACTERS = 300
HEADERS = {
    "Accept": "*/*",
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": "Handoff webhooks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """How it went."""

    at: datetime
    duration_ms: int
    #: None: no answer came.
    status_code: int | None
    #: Why none came; None: one did.
    error: str | None

    @property
    def is_heard(self) -> bool:
        """Any 2xx. A redirect is not followed, and so not heard."""
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def is_gone(self) -> bool:
        """The endpoint wants no more of them."""
        return self.status_code == 410

    @property
    def told(self) -> str:
        return self.error or f"The endpoint answered {self.status_code}; expected 2xx."

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "status_code": self.status_code,
            "duration_ms": self.duration_ms,
            "error": self.error,
        }


async def send(delivery: WebhookDelivery, *, allowed: Collection[str]) -> Try:
    """Raises nothing that the endpoint could cause."""
    at, began = timezone.now(), time.monotonic()
    status_code, error = await _post(delivery, at, allowed)
    duration_ms = math.ceil((time.monotonic() - began) * 1000)
    return Try(at=at, duration_ms=duration_ms, status_code=status_code, error=error)


async def _post(
    delivery: WebhookDelivery, at: datetime, allowed: Collection[str]
) -> tuple[int, None] | tuple[None, str]:
    """The status of the answer, or why there is none. URLs stay out of it: some hold a key."""
    try:
        url = parse_url(delivery.endpoint.url)
        check_url(url, allowed=allowed)
        async with (
            asyncio.timeout(TRY_TIMEOUT_SECONDS),
            guarded_client(GuardedNetwork(allowed=allowed), HEADERS | signature(delivery, at)) as client,
            # What the endpoint says besides is not read, however much it is.
            client.stream("POST", url, content=delivery.body.encode()) as response,
        ):
            return response.status_code, None
    except TimeoutError:
        return None, f"No answer came within {TRY_TIMEOUT_SECONDS:g} s."
    except (UrlRefused, SecretsUnreadable) as error:
        return None, str(error)[:MAX_ERROR_CHARACTERS]
    except httpx.HTTPError as error:
        return None, f"It can't be reached: {type(error).__name__} {error}"[:MAX_ERROR_CHARACTERS]


def signature(delivery: WebhookDelivery, at: datetime) -> dict[str, str]:
    """Of each secret that is valid now, so that a receiver may change to a new one when it likes."""
    message_id, body = str(delivery.id), delivery.body
    signatures = [Webhook(text).sign(message_id, at, body) for text in delivery.endpoint.signing_secrets()]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(math.floor(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
