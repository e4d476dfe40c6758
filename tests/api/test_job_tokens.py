"""A token for one job, that a page without a session may hold."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.access.job_token import JobToken
from jobs.models import ApiToken, Job, Scope
from tests.api.conftest import CSRF_TOKEN, Caller


@pytest.fixture
def address(job_of_ada):
    return f"/api/v1/jobs/{job_of_ada.id}"


async def holder(caller: Caller, address: str, **asked) -> Caller:
    answer = await caller.post(f"{address}/tokens", asked, x_csrftoken=CSRF_TOKEN)
    assert answer.status_code == 201, answer.text
    return Caller(None, token=answer.json()["token"])


async def test_a_job_token_lasts_as_long_as_was_asked(ada, address):
    answer = await ada.post(f"{address}/tokens", {"scope": "cancel", "ttl_seconds": 60})
    body = answer.json()
    token = JobToken.read(body["token"])
    assert (body["scope"], token.scope, body["expires_at"]) == (
        "cancel",
        "cancel",
        token.expires_at.isoformat().replace("+00:00", "Z"),
    )
    assert timedelta(seconds=55) < token.expires_at - timezone.now() <= timedelta(seconds=60)


async def test_it_is_for_reading_and_a_quarter_of_an_hour_if_nothing_is_asked(ada, address):
    body = (await ada.post(f"{address}/tokens", {})).json()
    left = JobToken.read(body["token"]).expires_at - timezone.now()
    assert (body["scope"], round(left / timedelta(minutes=1))) == ("read", 15)


@pytest.mark.parametrize("seconds, status", [(0, 422), (1, 201), (86400, 201), (86401, 422), ("60", 422)])
async def test_it_lasts_from_a_second_to_a_day(ada, address, seconds, status):
    assert (await ada.post(f"{address}/tokens", {"ttl_seconds": seconds})).status_code == status


async def test_who_may_not_cancel_makes_no_token_that_may(ada, address):
    await ApiToken.objects.aupdate(scopes=[Scope.READ])
    assert (await ada.post(f"{address}/tokens", {"scope": "read"})).status_code == 201
    answer = await ada.post(f"{address}/tokens", {"scope": "cancel"})
    assert (answer.status_code, answer.json()["scope"]) == (403, "jobs:cancel")


async def test_a_job_of_nobody_has_no_tokens(staff, address):
    await Job.objects.aupdate(owner=None)
    assert (await staff.post(f"{address}/tokens", {})).status_code == 403


async def test_a_holder_sees_no_more_of_the_job_than_its_owner_although_staff_made_the_token(
    staff, job_of_ada, address
):
    job_of_ada.errors = [{"attempt": 1, "traceback": "inside", "message": "", "worker_id": "", "at": ""}]
    job_of_ada.errors[0]["exception_class_path"] = "builtins.ValueError"
    await job_of_ada.asave()
    reader = await holder(staff, address)
    assert "inside" in (await staff.get(address)).text
    assert "inside" not in (await reader.get(address)).text


ENDS = {
    "the owner may not sign in any more": lambda: User.objects.filter(username="ada").aupdate(
        is_active=False
    ),
    "the API token it was made by was revoked": lambda: ApiToken.objects.aupdate(revoked_at=timezone.now()),
    "the job is gone": lambda: Job.objects.all().adelete(),
}


@pytest.mark.parametrize("happens", ENDS.values(), ids=ENDS)
async def test_it_dies_with_what_it_stands_on(ada, address, happens):
    reader = await holder(ada, address)
    assert (await reader.get(address)).status_code == 200
    await happens()
    assert (await reader.get(address)).status_code == 401


async def test_it_outlives_the_session_it_was_made_in(browser, address):
    reader = await holder(browser, address)
    await ApiToken.objects.aupdate(revoked_at=timezone.now())
    assert (await reader.get(address)).status_code == 200


async def test_it_holds_while_its_secret_key_is_a_fallback(ada, address, settings):
    reader = await holder(ada, address)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 50
    assert (await reader.get(address)).status_code == 401
    settings.SECRET_KEY_FALLBACKS = [former]
    assert (await reader.get(address)).status_code == 200


async def test_a_token_that_was_changed_is_refused(ada, address):
    reader = await holder(ada, address)
    token = reader.client.headers["Authorization"]
    for changed in (token[:-1], token + "x", token.replace(".", ":"), token[:30] + "A" + token[31:]):
        assert (await reader.get(address, authorization=changed)).status_code == 401


EMBED = "https://blog.example"


@pytest.fixture
def _embeds(settings):
    settings.EMBED_ORIGINS = [EMBED]


@pytest.mark.usefixtures("_embeds")
async def test_a_page_of_another_site_shows_a_job_by_its_token_alone(ada, browser, address):
    reader = await holder(ada, address)
    answers = [await each.get(address, origin=EMBED) for each in (reader, ada, browser)]
    assert [answer.status_code for answer in answers] == [200, 403, 401]
    for answer in answers:  # it can read refusals too
        assert answer.headers["Access-Control-Allow-Origin"] == EMBED
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.usefixtures("_embeds")
async def test_a_browser_is_told_what_such_a_page_may_send(anonymous, address):
    preflight = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "authorization"}
    answer = await anonymous.request("OPTIONS", address, {"Origin": EMBED, **preflight})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, EMBED)
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    refused = await anonymous.request("OPTIONS", address, {"Origin": "https://evil.example", **preflight})
    assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (405, False)


@pytest.mark.usefixtures("_embeds")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://blog.example", "https://blog.example:8443", "null", ""]
)
async def test_pages_of_all_other_sites_read_nothing(ada, address, origin):
    answer = await (await holder(ada, address)).get(address, origin=origin)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.usefixtures("_embeds")
async def test_pages_of_ours_are_no_business_of_other_sites(anonymous):
    answer = await anonymous.get("/login/", origin=EMBED)
    assert "Access-Control-Allow-Origin" not in answer.headers
