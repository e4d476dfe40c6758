"""Secrets are planted wherever somebody could give us one; none is found where it does not belong."""

import logging
from importlib import import_module
from typing import Any

import httpx
import pytest
import redis
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection

from jobs.models import ApiToken, Job, Scope
from tests import secret_tasks
from tests.planted import Places, Secret, logs_at_debug
from tests.sockets import Socket
from tests.tasks.source import Response, Source, always, running_source
from tests.worker.working import work_off

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://testserver"
LIVE = {"path": "/ws/v1/live", "scheme": "ws", "subprotocols": ["handoff.v1"]}


class Browser:
    """Somebody's browser or program; what it gets is looked into."""

    def __init__(self, whose: str, places: Places, **headers: str) -> None:
        self.whose = whose
        self.places = places
        self.application: Any = import_module("project.asgi").application
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.application),
            base_url=ORIGIN,
            headers=headers,
        )

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self.client.request(method, path, **more)
        self.places.look_into_answer(self.whose, answer)
        return answer

    async def sign_in(self, username: str, password: str) -> httpx.Response:
        await self.ask("GET", "/login/")
        form = {"username": username, "password": password, "csrfmiddlewaretoken": self.cookie("csrftoken")}
        return await self.ask("POST", "/login/", data=form, headers={"Referer": f"{ORIGIN}/login/"})

    def cookie(self, name: str) -> str:
        return str(self.client.cookies[name])

    async def watch(self, topic: str, ticket: str = "") -> None:
        """One answer on a socket of its own."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = [(b"host", b"testserver"), (b"origin", ORIGIN.encode()), (b"cookie", cookies.encode())]
        query = f"ticket={ticket}".encode() if ticket else b""
        socket = Socket(self.application, headers=headers, query_string=query, **LIVE)
        await socket.open()
        await socket.say(type="subscribe", topic=topic)
        self.places.add(f"what {self.whose} gets", str(await socket.hear()))
        await socket.close()


@pytest.fixture
def places() -> Places:
    """Not before the application is there: making it configures the log."""
    import_module("project.asgi")
    return Places()


@pytest.fixture
def planted(settings) -> dict[str, Secret]:
    """Those that have their text from the test; others are made by what is tested, and are added then."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # the usual one takes its time
    settings.SECRET_KEY = "0PlantedSecretKeyOfTheDeployment0PlantedSecretKey0"
    settings.BILLING = "redis://billing:0PlantedBillingPassword@billing.example:6379"
    upload = frozenset({"what ada gets", "table jobs_file"})
    texts = [
        "argument by name", "argument of a refused call", "argument in an error", "argument in its cause",
        "argument in a log line", "argument of a child process", "password", "wrong password", "unknown API token",
        "basic credentials", "idempotency key", "header that nobody knows", "cookie that nobody knows",
        "content of an upload", "key in the query of a refused call",
    ]  # fmt: skip
    return {
        **{name: Secret("0Planted" + name.title().replace(" ", "")) for name in texts},
        "number as an argument": Secret("8067345219"),
        "name of an upload": Secret("0PlantedUploadName", upload),
        "key in the address of a webhook": Secret(
            "0PlantedWebhookKey", frozenset({"what ada gets", "URLs", "table jobs_webhookendpoint"})
        ),
        "SECRET_KEY": Secret(settings.SECRET_KEY),
        "password in a setting": Secret("0PlantedBillingPassword"),
    }


class Story:
    """Ada shows or enters each of them somewhere, jobs fail with them, and Eve looks wherever she can."""

    def __init__(self, planted: dict[str, Secret], places: Places) -> None:
        self.planted = planted
        self.places = places

    def text(self, name: str) -> str:
        return self.planted[name].text

    def plant(self, allowed: str = "", **texts: str) -> None:
        """What was made only now."""
        self.planted |= {name: Secret(text, frozenset({allowed})) for name, text in texts.items()}

    async def sign_in(self) -> tuple[Browser, Browser]:
        await User.objects.acreate_user("ada", password=self.text("password"))
        await User.objects.acreate_user("eve", password="eve")
        ada, eve = Browser("ada", self.places), Browser("eve", self.places)
        assert (await ada.sign_in("ada", self.text("wrong password"))).status_code == 200
        assert (await ada.sign_in("ada", self.text("password"))).status_code == 302
        assert (await eve.sign_in("eve", "eve")).status_code == 302
        self.plant(session=ada.cookie("sessionid"), allowed="table django_session")
        return ada, eve

    async def show_credentials(self, eve: Browser) -> Browser:
        """Answers Ada's program, with all the headers that somebody may send."""
        ada = await User.objects.aget(username="ada")
        token, revoked = [
            await sync_to_async(ApiToken.issue)(owner=ada, name=name, scopes=[Scope.ADMIN])
            for name in ("used", "revoked")
        ]
        await sync_to_async(revoked[0].revoke)()
        self.plant(api_token=token[1], revoked_token=revoked[1])
        refused = (
            f"Bearer handoff_{self.text('unknown API token')}",
            f"Basic {self.text('basic credentials')}",
        )
        for credentials in (*refused, f"Bearer {revoked[1]}"):
            answer = await eve.ask("GET", "/api/v1/jobs", headers={"Authorization": credentials})
            assert answer.status_code == 401
        headers = {
            "Authorization": f"Bearer {token[1]}",
            "Cookie": f"other={self.text('cookie that nobody knows')}",
            "X-Api-Key": self.text("header that nobody knows"),
            "Idempotency-Key": self.text("idempotency key"),
        }
        return Browser("ada", self.places, **headers)

    async def upload(self, program: Browser) -> None:
        name, content = f"{self.text('name of an upload')}.csv", self.text("content of an upload")
        answer = await program.ask("POST", "/api/v1/uploads", files={"file": (name, content, "text/csv")})
        assert answer.status_code == 201

    async def register_webhook(self, program: Browser, receiver: Source) -> str:
        """Its id. The answers with the secrets are not looked into: each is shown that once."""
        path = f"/hook?key={self.text('key in the address of a webhook')}"
        receiver.answers[path] = always(Response(204))
        answer = await program.client.post("/api/v1/webhooks", json={"url": f"{receiver.url}{path}"})
        webhook = answer.json()
        changed = await program.client.post(f"{webhook['links']['self']}/secrets")
        self.plant(former_webhook_secret=webhook["secret"], webhook_secret=changed.json()["secret"])
        return str(webhook["id"])

    async def submit(self, program: Browser, webhook: str) -> str:
        """Calls with arguments that are redacted, one of which fits; answers that job's id."""
        call = {"task": secret_tasks.sign_in.public_name, "webhook": webhook}
        number = int(self.text("number as an argument"))
        fits = {"user": "ada", "password": self.text("argument by name"), "pin": number}
        answer = await program.ask("POST", "/api/v1/jobs", json=call | {"args": fits})
        assert answer.status_code == 202, answer.text
        refused = call | {"args": {"user": 5, "password": {"": self.text("argument of a refused call")}}}
        address = f"/api/v1/jobs?key={self.text('key in the query of a refused call')}"
        again = await program.ask("POST", address, json=refused, headers={"Idempotency-Key": "another"})
        assert again.status_code == 422
        return str(answer.json()["id"])

    async def call_tasks_that_tell_all(self) -> None:
        mine = {"owner": await User.objects.aget(username="ada")}
        keys = {"token": self.text("argument in an error"), "code": self.text("argument in its cause")}
        await secret_tasks.tell_all.using(**mine).aenqueue(keys=keys)
        await secret_tasks.tell_all.using(**mine).aenqueue({"token": self.text("argument in a log line")})
        await secret_tasks.tell_all_in_process.using(**mine).aenqueue(
            self.text("argument of a child process")
        )
        await secret_tasks.tell_settings.using(**mine).aenqueue()

    async def hand_access_on(self, program: Browser, job_id: str) -> None:
        """The answers are not looked into, as above."""
        token = (await program.client.post(f"/api/v1/jobs/{job_id}/tokens", json={})).json()["token"]
        tickets = [(await program.client.post("/api/v1/tickets")).json()["ticket"] for _ in range(2)]
        self.plant(job_token=token, unused_ticket=tickets[0], used_ticket=tickets[1])
        page = Browser("ada", self.places, Authorization=f"Bearer {token}")
        assert (await page.ask("GET", f"/api/v1/jobs/{job_id}")).status_code == 200
        await page.watch(f"job:{job_id}", ticket=tickets[1])

    async def look_around(self, browser: Browser, job_id: str, webhook: str) -> None:
        addresses = ["/", "/nowhere", "/metrics", "/docs/problems", "/api/v1/openapi.json", "/api/v1/tasks"]
        addresses += ["/api/v1/jobs", "/api/v1/webhooks", f"/api/v1/webhooks/{webhook}"]
        addresses += [f"/api/v1/webhooks/{webhook}/deliveries"]
        async for job in Job.objects.all():
            addresses += [f"/jobs/{job.id}", f"/jobs/{job.id}/card", f"/jobs/{job.id}/timeline"]
            addresses += [f"/api/v1/jobs/{job.id}", f"/api/v1/jobs/{job.id}/events"]
        for address in addresses:
            assert (await browser.ask("GET", address)).status_code < 500, address
        await browser.watch(f"job:{job_id}")


async def test_planted_secrets_are_found_nowhere(planted, places, settings, redis_sync: redis.Redis):
    story = Story(planted, places)
    with logs_at_debug(places), running_source() as receiver:
        settings.WEBHOOK_ALLOWED_HOSTS = [receiver.host]
        ada, eve = await story.sign_in()
        program = await story.show_credentials(eve)
        await story.upload(program)
        webhook = await story.register_webhook(program, receiver)
        job_id = await story.submit(program, webhook)
        await story.call_tasks_that_tell_all()
        await story.hand_access_on(program, job_id)
        await work_off()
        for browser in (ada, eve):
            await story.look_around(browser, job_id, webhook)
    places.look_into_redis(redis_sync)
    await sync_to_async(places.look_into_sql)()
    assert len(planted) >= 20
    assert places.leaks(planted) == []
    assert "tell_all" in places.texts["the log"][0], "it was captured"
    assert receiver.requests, "the webhook was told"
    allowed = {place for secret in planted.values() for place in secret.allowed if place}
    assert allowed < set(places.texts), "nothing is allowed where nobody looks"
    for name, secret in planted.items():
        for place in secret.allowed & set(places.texts):
            assert any(secret.text in text for text in places.texts[place]), f"{name} is not even in {place}"


@pytest.mark.parametrize("place", ["the log", "Redis", "URLs", "what eve gets", "table auth_group"])
def test_a_secret_that_leaks_is_found(place, places, redis_sync: redis.Redis):
    """Else the test above could not fail."""
    secret = Secret("0PlantedToBeFound", frozenset({"table django_session"}))
    with logs_at_debug(places):
        match place:
            case "the log":
                logging.getLogger("django.request").debug("asked", extra={"headers": {"X": secret.text}})
            case "Redis":
                redis_sync.hset(f"leak:{secret.text}", "field", "value")
            case "URLs":
                places.look_into_answer(
                    "ada", httpx.Response(302, headers={"Location": f"/?token={secret.text}"})
                )
            case "what eve gets":
                places.look_into_answer("eve", httpx.Response(200, text=f"<p>{secret.text}</p>"))
            case "table auth_group":
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO auth_group (name) VALUES (%s)", [secret.text])
    places.look_into_redis(redis_sync)
    places.look_into_sql()
    assert f"planted is in {place}" in places.leaks({"planted": secret})
    redis_sync.delete(f"leak:{secret.text}")
