"""Who may open a socket, and where; whoever may not is refused before the handshake, with HTTP 403."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from consumers.routing import sockets
from jobs.models import ApiToken, Job, Scope
from tests.sample_tasks import add
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = "websocket.close"  # servers make HTTP 403 of it when it comes first


async def first_answer(*, origin=None, host="handoff.example:8000", scheme="ws", **more):
    headers = [(b"host", host.encode())] + (
        [(b"origin", origin.encode("latin-1"))] if origin is not None else []
    )
    socket = Socket(sockets, scheme=scheme, headers=headers, **more)
    answer = await socket.open()
    await socket.close()
    return answer["type"]


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.ALLOWED_HOSTS = ["handoff.example", "127.0.0.1", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example", "https://*.wide.example", "http://[::1]:9000"]


@pytest.mark.parametrize(
    "origin, host, scheme",
    [
        ("http://handoff.example:8000", "handoff.example:8000", "ws"),
        ("http://HANDOFF.example:8000", "handoff.example:8000", "ws"),
        ("http://handoff.example", "handoff.example", "ws"),
        ("http://handoff.example", "handoff.example:80", "ws"),
        ("https://handoff.example", "handoff.example", "wss"),
        ("https://handoff.example", "handoff.example:443", "wss"),
        ("http://[::1]:8000", "[::1]:8000", "ws"),
        ("https://app.example", "handoff.example:8000", "ws"),
        ("https://some.wide.example", "handoff.example:8000", "ws"),
        ("http://[::1]:9000", "handoff.example:8000", "ws"),
    ],
)
async def test_a_page_of_ours_or_of_a_trusted_origin_may_open_a_socket(origin, host, scheme):
    assert await first_answer(origin=origin, host=host, scheme=scheme) == "websocket.accept"


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "handoff.example:8000",
        "http://",
        "http://[",
        "http://handoff.example:x",
        "http://handoff.example:99999",
        "http://handoff.example",  # another port
        "http://handoff.example:8001",
        "https://handoff.example:8000",  # another scheme
        "ftp://handoff.example:8000",
        "http://handoff.example:8000.evil.example",
        "http://handoff.example:8000@evil.example",
        "http://127.0.0.1:8000",  # a host of ours, but not the one asked
        "http://app.example",  # trusted by https only
        "https://app.example:8443",
        "https://other.app.example",
        "https://wide.example.evil.example",
        "\xff\xfe",
    ],
)
async def test_a_page_of_another_origin_may_not(origin):
    assert await first_answer(origin=origin) == REFUSED


async def test_a_program_that_names_no_origin_may():
    """A browser always names one, whatever page asks."""
    assert await first_answer() == "websocket.accept"


async def test_a_program_says_who_it_is_by_its_api_token():
    ada = await User.objects.acreate(username="ada")
    job = await Job.objects.aget(id=(await add.using(owner=ada).aenqueue(1)).id)
    _, token = await sync_to_async(ApiToken.issue)(owner=ada, name="test", scopes=[Scope.READ])
    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]
    socket = Socket(sockets, headers=headers)
    assert (await socket.open())["type"] == "websocket.accept"
    await socket.say(type="subscribe", topic=f"job:{job.id}")
    assert (await socket.hear())["type"] == "snapshot"
    await socket.close()


async def service_socket(name, *, may_act):
    service = await User.objects.acreate(username="service", is_staff=True)
    _, token = await sync_to_async(ApiToken.issue)(
        owner=service, name="test", scopes=[Scope.READ], may_act_for_others=may_act
    )
    shown = (b"authorization", f"Bearer {token}".encode()), (b"handoff-owner", name.encode())
    socket = Socket(sockets, headers=[(b"host", b"127.0.0.1"), *shown])
    await socket.open()
    return socket


async def test_a_service_watches_in_the_name_of_whom_it_acts_for():
    ada = await User.objects.acreate(username="ada")
    job = await add.using(owner=ada).aenqueue(1)
    socket = await service_socket("ada", may_act=True)
    await socket.say(type="subscribe", topic=f"job:{job.id}")
    assert (await socket.hear())["type"] == "snapshot"
    await socket.close()


@pytest.mark.parametrize("name, may_act", [("nobody", True), ("service", False)])
async def test_who_may_not_act_for_somebody_watches_nothing(name, may_act):
    socket = await service_socket(name, may_act=may_act)
    assert await socket.close_code() == 4403
    await socket.end()


async def test_a_wrong_token_is_nobody_even_with_a_session():
    headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer handoff_wrong")]
    socket = Socket(sockets, headers=headers)
    await socket.open()
    assert await socket.close_code() == 4401
    await socket.end()


async def test_a_host_that_is_not_ours_makes_no_origin_ours():
    assert await first_answer(origin="http://evil.example", host="evil.example") == REFUSED


async def test_behind_a_proxy_that_ends_tls_the_scheme_is_what_the_proxy_says(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = [
        (b"host", b"handoff.example"),
        (b"origin", b"https://handoff.example"),
        (b"x-forwarded-proto", b"https"),
    ]
    socket = Socket(sockets, scheme="ws", headers=headers)
    assert (await socket.open())["type"] == "websocket.accept"
    await socket.close()


@pytest.mark.parametrize("path", ["/ws/v1/other", "/ws/", "/", "/ws/v1/live/more", ""])
async def test_there_is_no_socket_at_another_path(path):
    assert await first_answer(origin="http://handoff.example:8000", path=path) == REFUSED


async def test_while_the_database_is_away_nobody_gets_in_and_no_traceback_is_left(store_away, caplog):
    cookie = (b"cookie", b"sessionid=" + b"x" * 32)
    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), cookie]
    socket = Socket(sockets, scheme="ws", headers=headers)
    assert (await socket.open())["type"] == REFUSED
    await socket.end()
    assert "cannot be told whose it is" in caplog.text
    assert "Traceback" not in caplog.text
