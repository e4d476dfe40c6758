"""What tokens are for, and acting for others."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.models import ApiToken, Job, Scope
from tests.api.conftest import Caller
from tests.sample_tasks import add

SUBMISSION = {"task": add.public_name, "args": {"a": 1}}
JOBS = "/api/v1/jobs"


async def test_a_problem_names_the_scope_that_a_token_lacks(ada):
    await ApiToken.objects.aupdate(scopes=[Scope.READ])
    answer = await ada.post(JOBS, SUBMISSION)
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["scope"]) == (
        403,
        "/docs/problems#missing-scope",
        "jobs:write",
    )
    assert "'jobs:write'" in problem["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="jobs:write"'


async def test_a_token_in_an_address_is_refused_even_beside_a_good_one(ada):
    token = ada.client.headers["Authorization"].removeprefix("Bearer ")
    answer = await ada.get(f"{JOBS}?access_token={token}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/docs/problems#malformed")
    assert token not in answer.text


async def test_the_last_use_of_a_token_is_noted_once_a_minute(ada):
    async def last_used_at():
        await ada.get(JOBS)
        return (await ApiToken.objects.aget()).last_used_at

    first = await last_used_at()
    assert first is not None
    assert await last_used_at() == first
    await ApiToken.objects.aupdate(last_used_at=first - timedelta(seconds=60))
    assert await last_used_at() > first


@pytest.fixture
def service(transactional_db) -> Caller:
    """A service account whose token is for everything, and may act for others."""
    user = User.objects.create_user("service")
    _, token = ApiToken.issue(owner=user, name="tests", scopes=[Scope.ADMIN], may_act_for_others=True)
    return Caller(None, token=token)


async def test_a_service_account_submits_and_sees_jobs_in_the_name_of_their_owner(service, ada):
    answer = await service.post(JOBS, SUBMISSION, handoff_owner="ada")
    assert (answer.status_code, answer.json()["owner"]) == (202, ada.user.pk)
    address = answer.headers["Location"]
    seen = [
        await service.get(address, handoff_owner="ada"),
        await service.get(address),
        await ada.get(address),
    ]
    assert [each.status_code for each in seen] == [200, 404, 200]


async def test_acting_for_staff_gives_none_of_their_powers(service, staff, job_of_ada):
    address = f"{JOBS}/{job_of_ada.id}"
    assert (await staff.get(address)).status_code == 200
    assert (await service.get(address, handoff_owner="grace")).status_code == 404


async def test_a_name_is_sent_in_utf_8(service):
    zoe = await User.objects.acreate(username="zoë")
    answer = await service.post(JOBS, SUBMISSION, handoff_owner="zoë".encode())
    assert answer.json()["owner"] == zoe.pk


@pytest.mark.parametrize("name", ["nobody", "", "eve", "a\0b", "\ud800".encode("utf-16-le", "surrogatepass")])
async def test_there_must_be_somebody_of_that_name_who_may_sign_in(service, name):
    await User.objects.acreate(username="eve", is_active=False)
    answer = await service.post(JOBS, SUBMISSION, handoff_owner=name)
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs/problems#unknown-owner")
    assert not await Job.objects.aexists()


async def test_who_may_not_act_for_others_is_refused(staff, browser):
    for caller in (staff, browser):
        answer = await caller.get(JOBS, handoff_owner="ada")
        assert (answer.status_code, answer.json()["type"]) == (403, "/docs/problems#forbidden")


async def test_nobody_has_more_than_fifty_tokens(ada):
    def issue() -> tuple[ApiToken, str]:
        return ApiToken.issue(owner=ada.user, name="one more", scopes=[Scope.READ])

    issue_one = sync_to_async(issue)
    for _ in range(49):  # Ada has one
        await issue_one()
    with pytest.raises(Exception, match="You have 50 API tokens, which is the most; revoke one first"):
        await issue_one()
    await sync_to_async(ApiToken.objects.filter(name="tests").update)(revoked_at=timezone.now())
    await issue_one()
