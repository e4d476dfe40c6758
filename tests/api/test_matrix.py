"""Every address and topic × everybody who may ask: who gets what. A new one without a row here fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from uuid_utils.compat import uuid7

from consumers.routing import sockets
from jobs.access.job_token import JobToken
from jobs.live import watches
from jobs.models import ApiToken, Job, Scope, WebhookDelivery, WebhookEndpoint
from tests.api.conftest import CSRF_TOKEN, Caller, leave_file
from tests.sample_tasks import add
from tests.sockets import Socket

SUBMISSION = {"task": add.public_name, "args": {"a": 1}}
JOB = "/api/v1/jobs/<uuidstr:job_id>"
WEBHOOK = "/api/v1/webhooks/<uuidstr:webhook_id>"
DELIVERIES = f"{WEBHOOK}/deliveries"
PAUSE = "/api/v1/queues/<str:name>/pause"
DEFAULT_QUEUE = {"<str:name>": "default"}
URL = "https://ada.example/hook"


class Whose(Enum):
    """Who, of those that are signed in, gets what is at an address."""

    #: Everybody, even who is not signed in.
    PUBLIC = "public"
    #: Everybody, about what is theirs.
    ANYBODYS = "anybody's"
    #: Its owner and staff; for others it is not there.
    OWNERS = "its owner's"
    #: Staff; others are forbidden.
    STAFFS = "staff's"


@dataclass(frozen=True, kw_only=True)
class Row:
    whose: Whose
    #: The status for who may.
    answer: int
    #: What a token must have.
    scope: Scope = Scope.READ
    #: Whether a job token of that scope is enough.
    job_token: bool = False
    #: JSON that is sent.
    body: Any = None
    #: A file that is sent, as httpx takes it.
    files: Any = None
    #: Makes what is at the address, for each caller anew.
    before: Callable[[], None] | None = None
    #: What stands for parts of the address, such as {"<str:name>": "default"}, if not what `places` has.
    at: dict[str, str] = field(default_factory=dict)


WEBHOOK_ID, DELIVERY_ID = uuid7(), uuid7()


def make_webhook() -> None:
    """Ada's, with a delivery."""
    job = Job.objects.select_related("owner").get(owner__username="ada")
    if not WebhookEndpoint.objects.exists():
        assert job.owner
        webhook = WebhookEndpoint.objects.create(id=WEBHOOK_ID, owner=job.owner, url=URL)
        WebhookDelivery.objects.create(
            id=DELIVERY_ID, endpoint=webhook, job=job, created_at=webhook.created_at
        )


def of_webhook(answer: int, scope: Scope = Scope.WRITE, **more: Any) -> Row:
    return Row(whose=Whose.OWNERS, answer=answer, scope=scope, before=make_webhook, **more)


MATRIX = {
    ("GET", "/api/v1/asyncapi.json"): Row(whose=Whose.PUBLIC, answer=200),
    ("GET", "/api/v1/openapi.json"): Row(whose=Whose.PUBLIC, answer=200),
    ("GET", "/api/v1/tasks"): Row(whose=Whose.ANYBODYS, answer=200),
    ("GET", "/api/v1/jobs"): Row(whose=Whose.ANYBODYS, answer=200),
    ("POST", "/api/v1/jobs/actions"): Row(
        whose=Whose.ANYBODYS, answer=200, scope=Scope.WRITE, body={"action": "promote", "filter": {}}
    ),
    ("GET", "/api/v1/jobs/counts"): Row(whose=Whose.ANYBODYS, answer=200),
    ("POST", "/api/v1/jobs"): Row(whose=Whose.ANYBODYS, answer=202, scope=Scope.WRITE, body=SUBMISSION),
    ("POST", "/api/v1/jobs/batch"): Row(
        whose=Whose.ANYBODYS, answer=202, scope=Scope.WRITE, body=[SUBMISSION]
    ),
    ("GET", JOB): Row(whose=Whose.OWNERS, answer=200, job_token=True),
    ("POST", f"{JOB}/cancellation"): Row(
        whose=Whose.OWNERS, answer=200, scope=Scope.CANCEL, job_token=True, body={}
    ),
    ("POST", f"{JOB}/retries"): Row(whose=Whose.OWNERS, answer=409, scope=Scope.WRITE, body={}),
    ("PATCH", JOB): Row(whose=Whose.OWNERS, answer=409, scope=Scope.WRITE, body={"priority": 1}),
    ("POST", f"{JOB}/promotion"): Row(whose=Whose.OWNERS, answer=409, scope=Scope.WRITE),
    ("GET", "/api/v1/queues"): Row(whose=Whose.ANYBODYS, answer=200),
    ("PUT", PAUSE): Row(whose=Whose.STAFFS, answer=200, scope=Scope.ADMIN, at=DEFAULT_QUEUE),
    ("DELETE", PAUSE): Row(whose=Whose.STAFFS, answer=204, scope=Scope.ADMIN, at=DEFAULT_QUEUE),
    ("GET", "/api/v1/workers"): Row(whose=Whose.STAFFS, answer=200, scope=Scope.ADMIN),
    ("GET", "/api/v1/audit"): Row(whose=Whose.STAFFS, answer=200, scope=Scope.ADMIN),
    ("GET", f"{JOB}/events"): Row(whose=Whose.OWNERS, answer=200, job_token=True),
    ("GET", f"{JOB}/files/<str:name>"): Row(whose=Whose.OWNERS, answer=200, job_token=True),
    ("POST", f"{JOB}/tokens"): Row(whose=Whose.OWNERS, answer=201, body={}),
    ("POST", "/api/v1/tickets"): Row(whose=Whose.ANYBODYS, answer=201, job_token=True),
    ("POST", "/api/v1/uploads"): Row(
        whose=Whose.ANYBODYS,
        answer=201,
        scope=Scope.WRITE,
        files=[("file", ("a.csv", b"1", "text/csv"))],
    ),
    ("GET", "/api/v1/webhooks"): Row(whose=Whose.ANYBODYS, answer=200),
    ("POST", "/api/v1/webhooks"): Row(whose=Whose.ANYBODYS, answer=201, scope=Scope.WRITE, body={"url": URL}),
    ("GET", WEBHOOK): of_webhook(200, Scope.READ),
    ("PATCH", WEBHOOK): of_webhook(200, body={}),
    ("DELETE", WEBHOOK): of_webhook(204),
    ("POST", f"{WEBHOOK}/secrets"): of_webhook(201),
    ("GET", DELIVERIES): of_webhook(200, Scope.READ),
    ("POST", f"{DELIVERIES}/<uuidstr:delivery_id>/redeliveries"): of_webhook(202),
}
HOW_TO_ADD = """No row in tests/api/test_matrix.py tells who may do this. Give the operation `auth=needs(Scope.…)`,
and add to MATRIX:
    ({method!r}, {route!r}): Row(whose=Whose.…, answer=200, scope=Scope.…),
`places` has what stands for <…> in the address: something of Ada's."""


@pytest.fixture
def places(job_of_ada) -> dict[str, str]:
    leave_file(job_of_ada, "a.csv")  # and so it runs, and can be cancelled any number of times
    return {
        "<uuidstr:job_id>": str(job_of_ada.id),
        "<str:name>": "a.csv",
        "<uuidstr:webhook_id>": str(WEBHOOK_ID),
        "<uuidstr:delivery_id>": str(DELIVERY_ID),
    }


@pytest.fixture
def callers(anonymous, ada, bob, staff, job_of_ada) -> dict[str, Caller]:
    """Whoever may ask. The owner is Ada."""
    job_of_bob = Job.objects.create(
        owner=bob.user, task_path=add.module_path, queue_name="default", enqueued_at=timezone.now()
    )
    own_tokens = {f"token {scope}": Caller(None, token=issue(ada, scope)) for scope in Scope}
    return {
        "anonymous": anonymous,
        "owner": Caller(ada.user, browser=True),
        "other user": Caller(bob.user, browser=True),
        "staff": Caller(staff.user, browser=True),
        **own_tokens,
        "token of another user": bob,
        "token of staff": staff,
        "token of staff, not admin": Caller(None, token=issue(staff, Scope.READ, Scope.WRITE, Scope.CANCEL)),
        "revoked token": revoked(ada),
        "expired token": expired(ada),
        "job token read": Caller(None, token=job_token(job_of_ada, "read")),
        "job token cancel": Caller(None, token=job_token(job_of_ada, "cancel")),
        "job token of another job": Caller(None, token=job_token(job_of_bob, "cancel")),
        "expired job token": Caller(None, token=job_token(job_of_ada, "read", timedelta(0))),
    }


def issue(caller: Caller, *scopes: Scope) -> str:
    return ApiToken.issue(owner=caller.user, name="matrix", scopes=scopes)[1]


def revoked(caller: Caller) -> Caller:
    token, plaintext = ApiToken.issue(owner=caller.user, name="revoked", scopes=[Scope.ADMIN])
    token.revoke()
    return Caller(None, token=plaintext)


def expired(caller: Caller) -> Caller:
    _, plaintext = ApiToken.issue(
        owner=caller.user, name="expired", scopes=[Scope.ADMIN], expires_at=timezone.now()
    )
    return Caller(None, token=plaintext)


def job_token(job: Job, scope: Any, ttl: timedelta = timedelta(minutes=1)) -> str:
    expires_at = timezone.now() + ttl
    return JobToken(job_id=job.id, scope=scope, expires_at=expires_at, made_by_token_id=None).sign()


def expected(row: Row) -> dict[str, int]:
    """What each of the callers gets by the rules; MATRIX has all that differs from address to address."""
    if row.whose is Whose.PUBLIC:
        return dict.fromkeys(expected(Row(whose=Whose.OWNERS, answer=0)), row.answer)
    for_others = {Whose.ANYBODYS: row.answer, Whose.OWNERS: 404, Whose.STAFFS: 403}[row.whose]
    for_owner = 403 if row.whose is Whose.STAFFS else row.answer
    by_job_token = {"read": row.job_token and row.scope is Scope.READ, "cancel": row.job_token}
    return {
        "anonymous": 401,
        "owner": for_owner,
        "other user": for_others,
        "staff": row.answer,
        **{f"token {scope}": for_owner if scope in {row.scope, Scope.ADMIN} else 403 for scope in Scope},
        "token of another user": for_others,
        "token of staff": row.answer,
        # It could have been made with that scope: then its owner is the same as anybody.
        "token of staff, not admin": 403 if row.scope is Scope.ADMIN else for_others,
        "revoked token": 401,
        "expired token": 401,
        **{f"job token {scope}": row.answer if may else 403 for scope, may in by_job_token.items()},
        "job token of another job": for_others if row.job_token else 403,
        "expired job token": 401 if row.job_token else 403,
    }


def path_of(route: str, places: dict[str, str]) -> str:
    for part, value in places.items():
        route = route.replace(part, value)
    return route


async def ask(caller: Caller, method: str, path: str, row: Row) -> int:
    if row.before:
        await sync_to_async(row.before)()
    sent = {"files": row.files} if row.files else {"json": row.body} if row.body is not None else {}
    return (await caller.request(method, path, {"X-CSRFToken": CSRF_TOKEN}, **sent)).status_code


@pytest.mark.parametrize("method, route", MATRIX)
async def test_everybody_gets_what_is_theirs(callers, places, method, route):
    row = MATRIX[method, route]
    path = path_of(route, places | row.at)
    got = {name: await ask(caller, method, path, row) for name, caller in callers.items()}
    assert got == expected(row)
    if method == "GET":  # and HEAD gives nothing that it does not
        got = {name: await ask(caller, "HEAD", path, row) for name, caller in callers.items()}
        assert got == expected(row)


async def test_nobody_sees_the_jobs_of_others_in_a_list(callers):
    async def sees(name):
        return len((await callers[name].get("/api/v1/jobs")).json()["jobs"])

    seen = {name: await sees(name) for name in ("owner", "token jobs:read", "token admin", "staff")}
    assert seen == {"owner": 1, "token jobs:read": 1, "token admin": 1, "staff": 2}
    assert (await sees("token of staff"), await sees("token of staff, not admin")) == (2, 0)


def routes(patterns, prefix="/"):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


async def test_every_address_has_a_row(ada, places):
    """The methods of an address are those that its 405 allows."""
    found = set()
    for route in filter(lambda each: each.startswith("/api/"), routes(get_resolver().url_patterns)):
        refusal = await ada.request("TRACE", path_of(route, places))
        found |= {(method, route) for method in refusal.headers.get("Allow", "").split(", ")}
    found = {(method, route) for method, route in found if method not in {"", "HEAD"}}
    assert not set(MATRIX) - found, "there is no such address any more"
    for method, route in found - set(MATRIX):
        pytest.fail(HOW_TO_ADD.format(method=method, route=route))


#: What of the socket is whose; by the kinds that a topic's name begins with.
TOPICS = {"job": Whose.OWNERS, "owner": Whose.OWNERS, "ops": Whose.STAFFS}
#: Whom the socket sends away.
NOT_SIGNED_IN = ("anonymous", "revoked token", "expired token", "expired job token")
MAY_NOT_READ = ("token jobs:write", "token jobs:cancel")


def watched(topics: dict[str, str]) -> dict[str, Any]:
    """Which of the topics each of the callers may watch, or with which code the socket is closed."""
    of_owner = {topics[kind] for kind, whose in TOPICS.items() if whose is Whose.OWNERS}
    everything = set(topics.values())
    one_job, nothing = {topics["job"]}, set[str]()
    return {
        **dict.fromkeys(NOT_SIGNED_IN, 4401),
        **dict.fromkeys(MAY_NOT_READ, 4403),
        **dict.fromkeys(("owner", "token jobs:read", "token admin"), of_owner),
        **dict.fromkeys(("staff", "token of staff"), everything),
        **dict.fromkeys(("job token read", "job token cancel"), one_job),
        **dict.fromkeys(
            ("other user", "token of another user", "token of staff, not admin", "job token of another job"),
            nothing,
        ),
    }


async def watch(caller: Caller, topics: set[str]) -> Any:
    """Those topics that are told, or the code by which the socket is closed."""
    headers = {
        "host": "127.0.0.1",
        "cookie": "; ".join(f"{name}={value}" for name, value in caller.client.cookies.items()),
        "authorization": caller.client.headers.get("authorization", ""),
    }
    socket = Socket(sockets, headers=[(name.encode(), value.encode()) for name, value in headers.items()])
    await socket.open()
    told = set()
    for topic in topics:
        await socket.say(type="subscribe", topic=topic)
        match await socket.hear_or_close_code():
            case int(code):
                await socket.end()
                return code
            case {"type": "snapshot"}:
                told.add(topic)
    await socket.close()
    return told


async def test_everybody_watches_what_is_theirs(callers, ada, job_of_ada):
    topics = {"job": f"job:{job_of_ada.id}", "owner": f"owner:{ada.user.pk}", "ops": "ops"}
    seen = {name: await watch(caller, set(topics.values())) for name, caller in callers.items()}
    assert seen == watched(topics)


def test_every_kind_of_topic_has_a_row():
    assert set(watches._KINDS) == set(TOPICS), "add it to TOPICS, and to the test before this one"
