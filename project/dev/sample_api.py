"""A small JSON API to try `sync.pull` on: it pages, has ETags, throttles and fails now and then."""

import hashlib
import json
import math
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags

PRODUCTS = 250
PAGE_SIZE = 40
#: This page's stock changes each minute, all others stay: a second pull finds one page changed.
LIVELY_PAGE = 2
#: Every so many requests of this process.
THROTTLE_EVERY = 6
FAIL_EVERY = 13

KINDS = ("Lamp", "Chair", "Kettle", "Notebook", "Backpack", "Mug", "Radio")
COLOURS = ("amber", "blue", "coral", "graphite", "moss", "white")

_requests = count(1)


async def products(request: HttpRequest) -> HttpResponse:
    """`GET ?page=1`: a page of products, as many APIs give it."""
    if trouble := trouble_with(next(_requests)):
        return trouble
    number = request.GET.get("page", "1")
    pages = math.ceil(PRODUCTS / PAGE_SIZE)
    if not number.isdecimal() or not 1 <= int(number) <= pages:
        return JsonResponse({"detail": f"Expected page 1 to {pages}, got {number[:20]!r}."}, status=404)
    return answer(request, int(number), pages)


def trouble_with(request_number: int) -> HttpResponse | None:
    """The failure that this request meets, if any."""
    if request_number % FAIL_EVERY == 0:
        return JsonResponse({"detail": "The sample API fails now and then."}, status=500)
    if request_number % THROTTLE_EVERY == 0:
        return JsonResponse({"detail": "Too many requests."}, status=429, headers={"Retry-After": "1"})
    return None


def answer(request: HttpRequest, number: int, pages: int) -> HttpResponse:
    body = {
        "items": list(products_of(number, timezone.now())),
        "page": number,
        "total": PRODUCTS,
        "next": page_url(request, number + 1) if number < pages else None,
    }
    etag = f'"{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:20]}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": etag})
    headers = {"ETag": etag}
    if body["next"]:
        headers["Link"] = f'<{body["next"]}>; rel="next"'
    return JsonResponse(body, headers=headers)


def page_url(request: HttpRequest, number: int) -> str:
    return request.build_absolute_uri(f"{reverse('dev:sample-products')}?page={number}")


def products_of(page: int, now: datetime) -> Iterator[dict[str, Any]]:
    """The page's products; the same for the same minute."""
    minute = int(now.timestamp() // 60) if page == LIVELY_PAGE else 0
    for number in range((page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, PRODUCTS) + 1):
        kind, colour = KINDS[number % len(KINDS)], COLOURS[number % len(COLOURS)]
        yield {
            "id": number,
            "sku": f"{kind[:2].upper()}-{number:04}",
            "name": f"{kind} in {colour}",
            "price": {"amount": f"{5 + number * 37 % 195}.90", "currency": "EUR"},
            "stock": (number * 13 + minute) % 60,
        }
