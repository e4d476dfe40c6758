"""Secrets are planted wherever somebody could give us one; none is found where it does not belong.

The whole run of the tests is looked through for them, see tests/lookouts.py. Here one user plants most of them, with
the log at DEBUG, while another looks around; and each place is shown to be looked into.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import redis
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.db import connection
from django.test import AsyncClient

from jobs.broker.embedded import start_embedded
from jobs.models import ApiToken, Event, Job, Scope
from tests import secret_tasks
from tests.leaks import leaks
from tests.lookouts import look_into_events
from tests.planted import READABLE, UNASKED, UNASKED_COOKIES, Secret
from tests.sample_tasks import add
from tests.sockets import Socket
from tests.tasks.source import Response, Source, always, running_source
from tests.worker.working import work_off

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://testserver"
LIVE = {"path": "/ws/v1/live", "scheme": "ws", "subprotocols": ["handoff.v1"]}
#: Secrets that tables hold as they are: sessions as Django keeps them, and what their owner may read again.
HELD = {
    (Secret.SESSION, "table django_session"),
    (Secret.UPLOAD_NAME, "table jobs_file"),
    (Secret.KEY_OF_A_WEBHOOK, "table jobs_webhookendpoint"),
}


class Browser:
    """Somebody's browser or program; what it gets by `ask` and `watch` is looked into."""

    def __init__(self, whose: str, **headers: str) -> None:
        self.whose = whose
        self.application: Any = import_module("project.asgi").application
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.application),
            base_url=ORIGIN,
            headers=UNASKED | headers,
            cookies=UNASKED_COOKIES,
        )

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self.client.request(method, path, **more)
        headers = [f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie"]
        self.look("\n".join([*headers, answer.text]))
        return answer

    def look(self, text: str) -> None:
        leaks.look(f"what {self.whose} gets", text, READABLE if self.whose == "ada" else ())

    async def sign_in(self, username: str, password: str) -> httpx.Response:
        await self.ask("GET", "/login/")
        token = self.client.cookies["csrftoken"]
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        return await self.ask("POST", "/login/", data=form, headers={"Referer": f"{ORIGIN}/login/"})

    async def watch(self, topic: str, ticket: str = "") -> None:
        """One answer on a socket of its own."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = [(b"host", b"testserver"), (b"origin", ORIGIN.encode()), (b"cookie", cookies.encode())]
        query = f"ticket={ticket}".encode() if ticket else b""
        socket = Socket(self.application, headers=headers, query_string=query, **LIVE)
        await socket.open()
        await socket.say(type="subscribe", topic=topic)
        self.look(str(await socket.hear()))
        await socket.close()


@pytest.fixture
def deployment(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    # The usual one takes its time.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.BILLING = f"redis://billing:{Secret.BILLING_PASSWORD}@billing.example:6379"


@contextmanager
def logs_at_debug() -> Iterator[None]:
    """As with LOG_LEVEL=DEBUG."""
    import_module("project.asgi")  # sets the levels when it is made
    loggers = [logging.getLogger(name) for name in (None, "django")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


async def sign_in() -> tuple[Browser, Browser]:
    await User.objects.acreate_user("ada", password=Secret.PASSWORD)
    await User.objects.acreate_user("eve", password="eve")
    ada, eve = Browser("ada"), Browser("eve")
    assert (await ada.sign_in("ada", Secret.WRONG_PASSWORD)).status_code == 200
    assert (await ada.sign_in("ada", Secret.PASSWORD)).status_code == 302
    assert (await eve.sign_in("eve", "eve")).status_code == 302
    assert ada.client.cookies["sessionid"].startswith(Secret.SESSION)
    return ada, eve


async def show_credentials(eve: Browser) -> Browser:
    """Answers Ada's program."""
    ada = await User.objects.aget(username="ada")
    (_, used), (row, revoked) = [
        await sync_to_async(ApiToken.issue)(owner=ada, name=name, scopes=[Scope.ADMIN])
        for name in ("used", "revoked")
    ]
    await sync_to_async(row.revoke)()
    unknown = f"Bearer handoff_{Secret.UNKNOWN_TOKEN}"
    for credentials in (unknown, f"Basic {Secret.BASIC_CREDENTIALS}", f"Bearer {revoked}"):
        answer = await eve.ask("GET", "/api/v1/jobs", headers={"Authorization": credentials})
        assert answer.status_code == 401
    headers = {"Authorization": f"Bearer {used}", "Idempotency-Key": Secret.IDEMPOTENCY_KEY.value}
    return Browser("ada", **headers)


async def upload(program: Browser) -> None:
    file = (f"{Secret.UPLOAD_NAME}.csv", Secret.UPLOAD_CONTENT, "text/csv")
    answer = await program.ask("POST", "/api/v1/uploads", files={"file": file})
    assert answer.status_code == 201


async def register_webhook(program: Browser, receiver: Source) -> str:
    """Its id. The answers with the secrets are not looked into: each is shown that once."""
    path = f"/hook?key={Secret.KEY_OF_A_WEBHOOK}"
    receiver.answers[path] = always(Response(204))
    answer = await program.client.post("/api/v1/webhooks", json={"url": f"{receiver.url}{path}"})
    webhook = answer.json()
    changed = await program.client.post(f"{webhook['links']['self']}/secrets")
    for made in (webhook, changed.json()):
        assert made["secret"].startswith(f"whsec_{Secret.SIGNING_SECRET}")
    return str(webhook["id"])


async def submit(program: Browser, webhook: str) -> str:
    """Calls with arguments that are redacted, one of which fits; answers that job's id."""
    call = {"task": secret_tasks.sign_in.public_name, "webhook": webhook}
    fits = {"user": "ada", "password": Secret.ARGUMENT, "pin": int(Secret.PIN)}
    answer = await program.ask("POST", "/api/v1/jobs", json=call | {"args": fits})
    assert answer.status_code == 202, answer.text
    refused = call | {"args": {"user": 5, "password": {"": Secret.REFUSED_ARGUMENT}}}
    address = f"/api/v1/jobs?key={Secret.KEY_IN_A_QUERY}"
    again = await program.ask("POST", address, json=refused, headers={"Idempotency-Key": "another"})
    assert again.status_code == 422
    retry = {"args": {"user": "ada", "password": Secret.EDITED_ARGUMENT}}
    await work_off()
    retried = await program.ask("POST", f"/api/v1/jobs/{answer.json()['id']}/retries", json=retry)
    assert retried.status_code == 202, retried.text
    return str(answer.json()["id"])


async def call_tasks_that_tell_all() -> None:
    mine = {"owner": await User.objects.aget(username="ada")}
    keys = {"token": Secret.ARGUMENT_IN_AN_ERROR, "code": Secret.ARGUMENT_IN_ITS_CAUSE}
    await secret_tasks.tell_all.using(**mine).aenqueue(keys=keys)
    await secret_tasks.tell_all.using(**mine).aenqueue({"token": Secret.ARGUMENT_IN_A_LOG_LINE})
    await secret_tasks.tell_all_in_process.using(**mine).aenqueue(Secret.ARGUMENT_OF_A_CHILD)
    await secret_tasks.tell_settings.using(**mine).aenqueue()


async def hand_access_on(program: Browser, job_id: str) -> None:
    """The answers are not looked into, as above."""
    token = (await program.client.post(f"/api/v1/jobs/{job_id}/tokens", json={})).json()["token"]
    tickets = [(await program.client.post("/api/v1/tickets")).json()["ticket"] for _ in range(2)]
    assert token.startswith(Secret.JOB_TOKEN)
    assert all(ticket.startswith(Secret.TICKET) for ticket in tickets)
    page = Browser("ada", Authorization=f"Bearer {token}")
    assert (await page.ask("GET", f"/api/v1/jobs/{job_id}")).status_code == 200
    await page.watch(f"job:{job_id}", ticket=tickets[1])


async def look_around(browser: Browser, job_id: str, webhook: str) -> None:
    addresses = ["/", "/nowhere", "/metrics", "/docs/problems", "/api/v1/openapi.json", "/api/v1/tasks"]
    addresses += ["/api/v1/jobs", "/api/v1/webhooks", f"/api/v1/webhooks/{webhook}"]
    addresses += [f"/api/v1/webhooks/{webhook}/deliveries"]
    async for job in Job.objects.all():
        addresses += [f"/jobs/{job.id}", f"/jobs/{job.id}/card", f"/jobs/{job.id}/timeline"]
        addresses += [f"/api/v1/jobs/{job.id}", f"/api/v1/jobs/{job.id}/events"]
    for address in addresses:
        assert (await browser.ask("GET", address)).status_code < 500, address
    await browser.watch(f"job:{job_id}")


def look_into_sql() -> None:
    """Every column of every row of every table."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            leaks.look(f"table {table}", "\n".join(map(str, cursor.fetchall())))


async def test_planted_secrets_are_found_nowhere(deployment, settings, found):
    with logs_at_debug(), running_source() as receiver:
        settings.WEBHOOK_ALLOWED_HOSTS = [receiver.host]
        ada, eve = await sign_in()
        program = await show_credentials(eve)
        await upload(program)
        webhook = await register_webhook(program, receiver)
        job_id = await submit(program, webhook)
        await call_tasks_that_tell_all()
        await hand_access_on(program, job_id)
        await work_off()
        for browser in (ada, eve):
            await look_around(browser, job_id, webhook)
    await sync_to_async(look_into_sql)()
    assert found.keys() == HELD, str(leaks)
    assert receiver.requests, "the webhook was told"


def test_each_of_at_least_twenty_secrets_is_planted_by_some_test():
    tests = "".join(path.read_text() for path in Path(__file__).parent.rglob("*.py"))
    assert [secret.name for secret in Secret if f"Secret.{secret.name}" not in tests] == []
    assert len(Secret) >= 20


def log_it(secret: Secret) -> None:
    logging.getLogger("django.request").warning("asked", extra={"headers": {"X": secret}})


def log_it_in_a_traceback(secret: Secret) -> None:
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("jobs").exception("failed")


def show_it_on_a_page(secret: Secret) -> None:
    async_to_sync(AsyncClient().get)(f"/api/v1/{secret}")


def pass_it_on_in_an_address(secret: Secret) -> None:
    async_to_sync(AsyncClient().get)(f"/?key={secret}")


def tell_it_in_an_event(secret: Secret) -> None:
    add.enqueue(a=1)
    Event.objects.update(data={"reason": secret})
    look_into_events()
    Event.objects.all().delete()


def store_it_in_an_event_of_a_process(secret: Secret) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "db.sqlite3")
        with closing(sqlite3.connect(path)) as store, store:
            store.execute("CREATE TABLE jobs_event AS SELECT ? AS data", [secret])
        leaks.look_into_sqlite(path)


def write_it_to_redis(secret: Secret) -> None:
    with TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder)
        with start_embedded(path, path / "valkey.sock") as server, redis.Redis.from_url(server.url) as client:
            client.set(f"leak:{secret}", "", ex=1)
            client.flushall()
        leaks.look_into_folder(path)


def write_it_to_the_log_of_a_process(secret: Secret) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, "log").write_text(f"Traceback … {secret}")
        leaks.look_into_folder(Path(folder))


@pytest.mark.parametrize(
    "leak, place",
    [
        (log_it, "the log"),
        (log_it_in_a_traceback, "the log"),
        (show_it_on_a_page, "pages"),
        (pass_it_on_in_an_address, "URLs"),
        (tell_it_in_an_event, "events"),
        (store_it_in_an_event_of_a_process, "events"),
        (write_it_to_redis, "Redis"),
        (write_it_to_the_log_of_a_process, "a process' log"),
    ],
)
def test_a_secret_that_leaks_is_found(leak, place, found):
    """Else nothing here could fail."""
    import_module("project.asgi")
    leak(Secret.PASSWORD)
    assert (Secret.PASSWORD, place) in found
