"""Tickets: what a page opens its socket with when it may not, or can't, send a cookie or a header."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from consumers.routing import sockets
from jobs.access import session_access
from jobs.access.job_token import JobToken
from jobs.access.ticket import issue_ticket, ticket_access
from jobs.broker import client
from jobs.models import ApiToken, Job, Scope
from tests.api.conftest import CSRF_TOKEN, Caller
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)

EMBED = "https://blog.example"


@pytest.fixture
async def issue(session_key):
    """Makes tickets of Ada's session."""
    access = await sync_to_async(session_access)(session_key)

    async def issue_one() -> str:
        return (await issue_ticket(access))[0]

    return issue_one


@pytest.fixture
async def redis_away(settings, tmp_path):
    backend = settings.TASKS["default"]
    options = {**backend["OPTIONS"], "redis_url": f"unix://{tmp_path}/nobody-listens"}
    await client.close()
    settings.TASKS = {"default": {**backend, "OPTIONS": options}}
    yield
    await client.close()


async def first_word(query: str, job: Job, *headers: tuple[bytes, bytes]) -> object:
    """The type of the first frame to who subscribes to the job, or the code of a close; None if there is no socket."""
    query_string = query.encode()
    socket = Socket(sockets, query_string=query_string, headers=[(b"host", b"127.0.0.1"), *headers])
    if (await socket.open())["type"] == "websocket.close":
        return None
    await socket.say(type="subscribe", topic=f"job:{job.id}")
    heard = await socket.hear_or_close_code()
    if isinstance(heard, int):
        await socket.end()
        return heard
    await socket.close()
    return heard["type"]


async def test_a_ticket_opens_one_socket(issue, job):
    plaintext = await issue()
    assert await first_word(f"ticket={plaintext}", job) == "snapshot"
    assert await first_word(f"ticket={plaintext}", job) == 4401


async def test_a_ticket_is_kept_for_thirty_seconds_and_redis_tells_nobody_what_it_opens(
    issue, session_key, redis_sync
):
    plaintext = await issue()
    [key] = redis_sync.keys("handoff:ticket:*")
    assert 29_000 < redis_sync.pttl(key) <= 30_000
    held = redis_sync.get(key)
    assert plaintext not in key.decode() + held.decode()
    assert session_key not in held.decode()


@pytest.mark.parametrize(
    "happens",
    [
        lambda: Session.objects.all().adelete(),
        lambda: User.objects.aupdate(is_active=False),
        lambda: User.objects.aupdate(password="another"),
        lambda: User.objects.all().adelete(),
    ],
    ids=["signed out", "may not sign in", "password changed", "gone"],
)
async def test_a_ticket_is_worth_what_it_was_made_with(issue, happens):
    plaintext = await issue()
    await happens()
    assert await ticket_access(plaintext) is None


async def test_a_ticket_made_with_a_job_token_is_for_its_job_and_ends_with_it(job, owner):
    expires_at = timezone.now().replace(microsecond=0) + timedelta(minutes=1)
    token = JobToken(job_id=job.id, scope="read", expires_at=expires_at, made_by_token_id=None).sign()
    answer = await Caller(None, token=token).post("/api/v1/tickets", {})
    access = await ticket_access(answer.json()["ticket"])
    assert (access.user, access.job_id, access.expires_at) == (owner, job.id, expires_at)
    assert not access.may_watch_owner(owner.pk)


async def test_a_process_without_the_newest_secret_key_takes_the_ticket_for_used(issue, settings):
    plaintext = await issue()
    settings.SECRET_KEY = "x" * 50
    assert await ticket_access(plaintext) is None


@pytest.mark.parametrize("query", ["ticket=", "ticket=wrong", "ticket=%00", "ticket=%ff&ticket=a"])
async def test_a_wrong_ticket_opens_nothing(query, job):
    assert await first_word(query, job) == 4401


async def test_a_token_in_the_address_opens_nothing_even_beside_a_session(owner, session_key, job):
    _, token = await sync_to_async(ApiToken.issue)(owner=owner, name="test", scopes=[Scope.ADMIN])
    cookie = (b"cookie", f"sessionid={session_key}".encode())
    for name in ("ticket", "token", "access_token"):
        assert await first_word(f"{name}={token}", job, cookie) == 4401
    assert await first_word("", job, cookie) == "snapshot"


async def test_a_page_of_another_site_needs_a_ticket(issue, owner, session_key, job, settings):
    settings.EMBED_ORIGINS = [EMBED]
    _, token = await sync_to_async(ApiToken.issue)(owner=owner, name="test", scopes=[Scope.ADMIN])
    origin = (b"origin", EMBED.encode())
    cookie = (b"cookie", f"sessionid={session_key}".encode())
    bearer = (b"authorization", f"Bearer {token}".encode())
    assert await first_word(f"ticket={await issue()}", job, origin) == "snapshot"
    assert await first_word("", job, origin, cookie) == 4401
    assert await first_word("", job, origin, bearer) == 4401
    evil = (b"origin", b"https://evil.example")
    assert await first_word(f"ticket={await issue()}", job, evil) is None


async def test_while_redis_is_away_there_are_no_tickets_and_nobody_gets_in_by_one(
    issue, owner, job, redis_away
):
    browser = await sync_to_async(Caller)(owner, browser=True)
    answer = await browser.post("/api/v1/tickets", {}, x_csrftoken=CSRF_TOKEN)
    assert (answer.status_code, answer.json()["type"]) == (503, "/docs/problems#unavailable")
    assert "Retry-After" in answer.headers
    assert await first_word("ticket=any", job) is None
