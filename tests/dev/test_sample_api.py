"""The small API to try `sync.pull` on."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.test import AsyncClient

from project.dev import sample_api
from project.dev.sample_api import products_of

pytestmark = pytest.mark.urls("tests.dev.urls")
PATH = "/dev/sample-api/products"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is throttled or fails."""
    monkeypatch.setattr(sample_api, "trouble_with", lambda number: None)


async def get(path: str, **headers: str) -> Any:
    return await AsyncClient().get(path, headers=headers)


@pytest.mark.usefixtures("_calm")
async def test_following_the_links_finds_every_product_once() -> None:
    path, found, pages = PATH, [], 0
    while path:
        response = await get(path)
        content = response.json()
        found += [item["id"] for item in content["items"]]
        pages += 1
        assert response.headers.get("Link", "") == (
            f'<{content["next"]}>; rel="next"' if content["next"] else ""
        )
        path = content["next"]
    assert found == list(range(1, 251))
    assert pages == 7


@pytest.mark.usefixtures("_calm")
async def test_a_page_that_is_known_by_its_etag_is_not_sent_again() -> None:
    etag = (await get(PATH))["ETag"]
    known = await get(PATH, if_none_match=etag)
    assert (known.status_code, known.content) == (304, b"")
    assert (await get(PATH, if_none_match='"another"')).status_code == 200


@pytest.mark.usefixtures("_calm")
@pytest.mark.parametrize("page", ["0", "8", "-1", "x", ""])
async def test_a_page_that_is_not_there_is_not_found(page: str) -> None:
    assert (await get(f"{PATH}?page={page}")).status_code == 404


async def test_every_sixth_request_is_throttled_and_every_thirteenth_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample_api, "_requests", count(1))
    responses = [await get(PATH) for _ in range(13)]
    assert [response.status_code for response in responses] == [200] * 5 + [429] + [200] * 5 + [429, 500]
    assert responses[5]["Retry-After"] == "1"


def test_one_page_changes_each_minute_and_the_others_do_not() -> None:
    later = NOW + timedelta(minutes=1)
    changed = [page for page in range(1, 8) if list(products_of(page, NOW)) != list(products_of(page, later))]
    assert changed == [2]
