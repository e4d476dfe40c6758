"""An open socket is closed when what it was opened with is no longer good."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from consumers.routing import sockets
from jobs.access import session_access
from jobs.access.job_token import JobToken
from jobs.access.ticket import issue_ticket
from jobs.live import hub
from jobs.models import ApiToken, Scope
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api_token(owner):
    return ApiToken.issue(owner=owner, name="test", scopes=[Scope.READ])[1]


def job_token(job, ttl=timedelta(minutes=1)):
    expires_at = timezone.now() + ttl
    return JobToken(job_id=job.id, scope="read", expires_at=expires_at, made_by_token_id=None).sign()


async def opened(job, *, query="", **headers):
    """A socket that watches the job."""
    sent = [(b"host", b"127.0.0.1"), *((name.encode(), value.encode()) for name, value in headers.items())]
    socket = Socket(sockets, query_string=query.encode(), headers=sent)
    await socket.open()
    await socket.say(type="subscribe", topic=f"job:{job.id}")
    assert (await socket.hear())["type"] == "snapshot"
    return socket


async def test_sockets_are_closed_one_by_one_as_what_opened_them_ends(
    owner, job, session_key, api_token, monkeypatch
):
    monkeypatch.setattr(hub, "ACCESS_CHECK_SECONDS", 0.05)
    ticket, _ = await issue_ticket(await sync_to_async(session_access)(session_key))
    by_ticket = await opened(job, query=f"ticket={ticket}")
    by_session = await opened(job, cookie=f"sessionid={session_key}")
    by_api_token = await opened(job, authorization=f"Bearer {api_token}")
    by_job_token = await opened(job, authorization=f"Bearer {job_token(job)}")
    by_short_job_token = await opened(job, authorization=f"Bearer {job_token(job, timedelta(seconds=2))}")

    async def are_closed(*closed):
        for socket in closed:
            assert await socket.close_code() == 4401
            await socket.end()

    await Session.objects.all().adelete()
    await are_closed(by_session, by_ticket)
    await ApiToken.objects.aupdate(revoked_at=timezone.now())
    await are_closed(by_api_token)
    await are_closed(by_short_job_token)
    await by_job_token.say(type="ping")
    assert (await by_job_token.hear())["type"] == "pong"
    await User.objects.aupdate(is_active=False)
    await are_closed(by_job_token)


def test_the_check_keeps_to_the_minute_that_is_promised():
    assert hub.ACCESS_CHECK_SECONDS <= 30
