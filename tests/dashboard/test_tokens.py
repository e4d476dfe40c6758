"""The page on which users make, see and revoke their API tokens."""

import re
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from django.utils import timezone

from jobs.models import ApiToken, Scope
from jobs.models.token import digest

PAGE = "/tokens/"


async def make(visitor, **inputs):
    return await visitor.client.post(PAGE, {"name": "laptop", "scopes": [Scope.READ], "days": "30", **inputs})


async def test_only_who_is_signed_in_has_the_page(transactional_db):
    for method, path in (("get", PAGE), ("post", PAGE), ("post", f"{PAGE}1/revocation")):
        answer = await getattr(AsyncClient(), method)(path)
        assert (answer.status_code, answer.url) == (302, f"/login/?next={path}")


async def test_a_token_is_shown_once_and_opens_what_was_ticked(ada):
    answer = await make(ada, scopes=[Scope.READ, Scope.CANCEL])
    [plaintext] = re.findall(r"handoff_[\w-]{43}", answer.content.decode())
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (201, True)
    token = await ApiToken.objects.with_digests([digest(plaintext)]).aget()
    assert (token.owner, token.name) == (ada.user, "laptop")
    assert (set(token.scopes), token.may_act_for_others) == ({Scope.READ, Scope.CANCEL}, False)
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    page = (await ada.get(PAGE)).content.decode()
    assert ("laptop" in page, plaintext in page) == (True, False)


async def test_a_token_may_be_good_until_it_is_revoked(ada):
    assert (await make(ada, days="")).status_code == 201
    assert (await ApiToken.objects.aget()).expires_at is None


@pytest.mark.parametrize(
    "inputs, said",
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"scopes": []}, "This field is required"),
        ({"scopes": ["everything"]}, "everything is not one of the available choices"),
        ({"days": "36500"}, "36500 is not one of the available choices"),
    ],
    ids=lambda each: str(each)[:30],
)
async def test_a_wrong_form_is_shown_again_and_makes_nothing(ada, inputs, said):
    answer = await make(ada, **inputs)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not await ApiToken.objects.aexists()


async def test_a_name_may_have_a_hundred_characters(ada):
    assert (await make(ada, name="x" * 100)).status_code == 201


async def test_who_has_too_many_tokens_is_told_so(ada, monkeypatch):
    monkeypatch.setattr("jobs.models.token.MAX_TOKENS", 1)
    assert (await make(ada)).status_code == 201
    answer = await make(ada)
    assert (answer.status_code, b"revoke one first" in answer.content) == (422, True)


async def test_a_revoked_token_leaves_the_page_and_opens_nothing(ada):
    await make(ada)
    token = await ApiToken.objects.aget()
    answer = await ada.client.post(f"{PAGE}{token.id}/revocation")
    assert (answer.status_code, answer.url) == (303, PAGE)
    await token.arefresh_from_db()
    assert token.revoked_at is not None
    assert b"laptop" not in (await ada.get(PAGE)).content


async def test_nobody_sees_or_revokes_the_tokens_of_others_not_even_staff(ada, eve, staff):
    await make(ada)
    token = await ApiToken.objects.aget()
    for other in (eve, staff):
        assert b"laptop" not in (await other.get(PAGE)).content
        assert (await other.client.post(f"{PAGE}{token.id}/revocation")).status_code == 404
    assert await sync_to_async(ApiToken.objects.unended().count)() == 1


async def test_the_page_tells_of_use_and_end(ada):
    await make(ada, name="<b>used</b>")
    await ApiToken.objects.aupdate(
        last_used_at=timezone.now() - timedelta(hours=3), expires_at=timezone.now()
    )
    page = (await ada.get(PAGE)).content.decode()
    assert "&lt;b&gt;used&lt;/b&gt;" in page
    assert "3 h ago" in page
    assert "<strong>Expired</strong>" in page
