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
from django.utils import timezone

from jobs.access.job_token import DEFAULT_TTL, JobToken
from jobs.models import ApiToken, Job, Scope, WebhookEndpoint
from tests import secret_tasks
from tests.planted import Places, Secret, logs_at_debug
from tests.sockets import Socket
from tests.tasks.source import Response, always, running_source
from tests.worker.working import work_off

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://testserver"
LIVE = {"path": "/ws/v1/live", "scheme": "ws", "subprotocols": ["handoff.v1"], "query_string": b""}


class Browser:
    """Somebody's browser or program; what it gets is looked into."""

    def __init__(self, whose: str, places: Places, **headers: str) -> None:
        self.whose = whose
        self.places = places
        self.application: Any = import_module("project.asgi").application
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.application),
            base_url=ORIGIN,
            headers=headers,  # type: ignore[arg-type]
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

    async def watch(self, topic: str) -> None:
        """One answer on a socket of its own."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = [(b"host", b"testserver"), (b"origin", ORIGIN.encode()), (b"cookie", cookies.encode())]
        socket = Socket(self.application, headers=headers, **LIVE)
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
        "argument by name", "argument of a refused call", "argument in an error", "argument in the cause of an error",
        "argument in a log line", "argument of a child process", "password", "wrong password", "unknown API token",
        "basic credentials", "idempotency key", "header that nobody knows", "cookie that nobody knows",
        "content of an upload", "key in the query of a refused call",
    ]  # fmt: skip
    return {
        **{name: Secret("0Planted" + name.title().replace(" ", "")) for name in texts},
        "number as an argument": Secret("8067345219"),
        "name of an upload": Secret("0PlantedUploadName", upload),
        "key in a webhook's address": Secret(
            "0PlantedWebhookKey", frozenset({"what ada gets", "URLs", "table jobs_webhookendpoint"})
        ),
        "SECRET_KEY": Secret(settings.SECRET_KEY),
        "password in a setting": Secret("0PlantedBillingPassword"),
    }


async def use_everything(planted: dict[str, Secret], places: Places, settings: Any) -> None:
    """Ada shows or enters each of them somewhere; jobs fail with them; Eve looks wherever she can."""

    def text(name: str) -> str:
        return planted[name].text

    ada = await User.objects.acreate_user("ada", password=text("password"))
    await User.objects.acreate_user("eve", password="eve")
    browser, other = Browser("ada", places), Browser("eve", places)
    assert (await browser.sign_in("ada", text("wrong password"))).status_code == 200
    assert (await browser.sign_in("ada", text("password"))).status_code == 302
    await other.sign_in("eve", "eve")
    sessions = frozenset({"table django_session"})
    planted["session cookie"] = Secret(browser.cookie("sessionid"), sessions)

    token = await sync_to_async(ApiToken.issue)(owner=ada, name="ada's", scopes=[Scope.ADMIN])
    revoked = await sync_to_async(ApiToken.issue)(owner=ada, name="old", scopes=[Scope.ADMIN])
    await sync_to_async(revoked[0].revoke)()
    planted |= {"API token": Secret(token[1]), "revoked API token": Secret(revoked[1])}
    program = Browser(
        "ada", places,
        Authorization=f"Bearer {token[1]}", Cookie=f"other={text('cookie that nobody knows')}",
        **{"X-Api-Key": text("header that nobody knows"), "Idempotency-Key": text("idempotency key")},
    )  # fmt: skip
    for credentials in (
        f"Bearer handoff_{text('unknown API token')}", f"Basic {text('basic credentials')}", f"Bearer {revoked[1]}",
    ):  # fmt: skip
        assert (
            await other.ask("GET", "/api/v1/jobs", headers={"Authorization": credentials})
        ).status_code == 401

    with running_source() as receiver:
        settings.WEBHOOK_ALLOWED_HOSTS = [receiver.host]
        receiver.answers[f"/hook?key={text("key in a webhook's address")}"] = always(Response(204))
        webhook = await register_webhook(
            program, f"{receiver.url}/hook?key={text("key in a webhook's address")}"
        )
        planted |= {f"{name} webhook secret": Secret(value) for name, value in webhook["secrets"].items()}
        upload = {
            "file": (f"{text('name of an upload')}.csv", text("content of an upload").encode(), "text/csv")
        }
        assert (await program.ask("POST", "/api/v1/uploads", files=upload)).status_code == 201
        job_id = await submit_all(program, webhook["id"], text)
        job_token = JobToken(
            job_id=job_id, scope="read", expires_at=timezone.now() + DEFAULT_TTL, made_by_token_id=token[0].pk
        ).sign()
        planted["job token"] = Secret(job_token)
        page = Browser("ada", places, Authorization=f"Bearer {job_token}")
        assert (await page.ask("GET", f"/api/v1/jobs/{job_id}")).status_code == 200
        await work_off()
        assert receiver.requests, "the webhook was told"
    await look_around(browser, other, job_id, webhook["id"])


async def register_webhook(program: Browser, url: str) -> dict[str, Any]:
    """Its answers hold the secrets, and are not looked into: each is shown that once."""
    registered = (await program.client.post("/api/v1/webhooks", json={"url": url})).json()
    changed = (await program.client.post(f"{registered['links']['self']}/secrets")).json()
    return {"id": registered["id"], "secrets": {"former": registered["secret"], "present": changed["secret"]}}


async def submit_all(program: Browser, webhook: str, text: Any) -> Any:
    """Calls with arguments that are redacted, one of which fits; answers that job's id."""
    sign_in = {"task": secret_tasks.sign_in.public_name, "webhook": webhook}
    fits = {"user": "ada", "password": text("argument by name"), "pin": int(text("number as an argument"))}
    refused = {"user": 5, "password": {"no text": text("argument of a refused call")}}
    query = f"?key={text('key in the query of a refused call')}"
    answer = await program.ask("POST", "/api/v1/jobs", json=sign_in | {"args": fits})
    assert answer.status_code == 202, answer.text
    header = {"Idempotency-Key": "another"}
    answer = await program.ask(
        "POST", f"/api/v1/jobs{query}", json=sign_in | {"args": refused}, headers=header
    )
    assert answer.status_code == 422
    owner = await User.objects.aget(username="ada")
    keys = {"token": text("argument in an error"), "code": text("argument in the cause of an error")}
    await secret_tasks.tell_all.using(owner=owner).aenqueue(keys=keys)
    await secret_tasks.tell_all.using(owner=owner).aenqueue(keys={"token": text("argument in a log line")})
    await secret_tasks.tell_all_in_process.using(owner=owner).aenqueue(text("argument of a child process"))
    await secret_tasks.tell_settings.using(owner=owner).aenqueue()
    return (await Job.objects.aget(task_path=secret_tasks.sign_in.module_path)).id


async def look_around(ada: Browser, eve: Browser, job_id: Any, webhook_id: str) -> None:
    jobs = [job.id async for job in Job.objects.all()]
    addresses = [
        "/",
        "/nowhere",
        "/metrics",
        "/docs/problems",
        "/api/v1/openapi.json",
        "/api/v1/tasks",
        "/api/v1/jobs",
    ]
    for each in jobs:
        addresses += [
            f"/jobs/{each}",
            f"/jobs/{each}/card",
            f"/api/v1/jobs/{each}",
            f"/api/v1/jobs/{each}/events",
        ]
    addresses += [
        "/api/v1/webhooks",
        f"/api/v1/webhooks/{webhook_id}",
        f"/api/v1/webhooks/{webhook_id}/deliveries",
    ]
    for browser in (ada, eve):
        for address in addresses:
            assert (await browser.ask("GET", address)).status_code < 500
        await browser.watch(f"job:{job_id}")


async def test_planted_secrets_are_found_nowhere(planted, places, settings, redis_sync: redis.Redis):
    with logs_at_debug(places):
        await use_everything(planted, places, settings)
    places.look_into_redis(redis_sync)
    await sync_to_async(places.look_into_sql)()
    assert len(planted) >= 20
    assert places.leaks(planted) == []
    assert {"the log", "Redis", "URLs", "what ada gets", "what eve gets", "table jobs_event"} <= set(
        places.texts
    )
    assert "tell_all" in "".join(places.texts["the log"]), "the log was captured"
    by_use = await sync_to_async(lambda: WebhookEndpoint.objects.get().url)()
    assert planted["key in a webhook's address"].text in by_use, "what may be somewhere was really used"


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
