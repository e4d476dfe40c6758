"""Who may ask, and how they say who they are."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.models import ApiToken, Job
from tests.api.conftest import CSRF_TOKEN
from tests.planted import Secret
from tests.sample_tasks import add

SUBMISSION = {"task": add.public_name, "args": {"a": 1}}
JOBS = "/api/v1/jobs"


async def test_without_credentials_the_answer_is_a_401_that_names_the_scheme(anonymous):
    answer = await anonymous.get(JOBS)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "/docs/problems#unauthenticated"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        "Bearer",
        f"Bearer handoff_{Secret.UNKNOWN_TOKEN}",
        f"Basic {Secret.BASIC_CREDENTIALS}",
        "bearer \u00e9".encode("latin-1"),
    ],
)
async def test_a_wrong_token_is_refused(anonymous, header):
    answer = await anonymous.get(JOBS, authorization=header)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_the_name_of_the_scheme_may_be_written_in_any_case(ada, anonymous):
    header = ada.client.headers["authorization"].replace("Bearer", "bEARER")
    assert (await anonymous.get(JOBS, authorization=header)).status_code == 200


async def test_an_expired_token_is_refused(ada):
    await ApiToken.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
    assert (await ada.get(JOBS)).status_code == 401


async def test_the_token_of_a_user_who_may_not_sign_in_is_refused(ada):
    await User.objects.aupdate(is_active=False)
    assert (await ada.get(JOBS)).status_code == 401


async def test_a_wrong_token_is_refused_although_the_browser_is_signed_in(browser):
    answer = await browser.get(JOBS, authorization="Bearer wrong")
    assert answer.status_code == 401


async def test_a_signed_in_browser_reads_without_a_csrf_token(browser):
    assert (await browser.get(JOBS)).status_code == 200


async def test_a_signed_in_browser_submits_with_its_csrf_token(browser):
    assert (await browser.post(JOBS, SUBMISSION, x_csrftoken=CSRF_TOKEN)).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [{}, {"x_csrftoken": "b" * 32}, {"x_csrftoken": CSRF_TOKEN, "origin": "https://evil.example"}],
    ids=["missing", "wrong", "from another site"],
)
async def test_a_signed_in_browser_submits_nothing_without_its_csrf_token(browser, headers):
    answer = await browser.post(JOBS, SUBMISSION, **headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/docs/problems#csrf")
    assert not await Job.objects.aexists()


async def test_a_token_needs_no_csrf_token(ada):
    assert (await ada.post(JOBS, SUBMISSION, origin="https://elsewhere.example")).status_code == 202


async def test_a_job_belongs_to_who_submitted_it(browser):
    await browser.post(JOBS, SUBMISSION, x_csrftoken=CSRF_TOKEN)
    job = await Job.objects.aget()
    assert job.owner_id == browser.user.pk


async def test_an_answer_is_not_shared_between_callers_by_caches(ada):
    answer = await ada.get(JOBS)
    assert "private" in answer.headers["Cache-Control"]
    assert {"Authorization", "Cookie"} <= set(answer.headers["Vary"].split(", "))
