"""Callers of the API, each speaking HTTP to the ASGI application."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import conf
from jobs.files import store_result
from jobs.models import ApiToken, File, Job, Scope
from jobs.status import Status
from project.threads_on_demand import ThreadsOnDemand
from tests import sample_tasks
from tests.planted import UNASKED, UNASKED_COOKIES, Secret

CSRF_TOKEN = Secret.CSRF_TOKEN.of_length(32)


class Caller:
    """A client that shows an API token for everything, or another one, or a session cookie, or nothing when it has
    no user."""

    def __init__(self, user: User | None, *, browser: bool = False, token: str = "") -> None:
        self.user = user
        application: Any = ThreadsOnDemand()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(application),
            base_url="http://testserver",
            headers=UNASKED,
            cookies=UNASKED_COOKIES,
        )
        if user and browser:
            session = Client()
            session.force_login(user)
            cookies = {"sessionid": session.cookies["sessionid"].value, "csrftoken": CSRF_TOKEN}
            self.client.cookies.update(cookies)
        elif user and not token:
            _, token = ApiToken.issue(owner=user, name="tests", scopes=[Scope.ADMIN])
        if token:
            self.client.headers["Authorization"] = f"Bearer {token}"

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.request("GET", path, headers=headers)

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """`body`: JSON, or bytes of a content type that the headers name."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await self.request("POST", path, headers=headers, **content)

    async def submit(self, task: str, args: Any, **more: Any) -> httpx.Response:
        return await self.post("/api/v1/jobs", {"task": task, "args": args, **more})

    async def upload(self, *files: tuple[str, tuple[str, bytes, str]], **headers: str) -> httpx.Response:
        """`files`: (field, (name, content, content type))."""
        return await self.request("POST", "/api/v1/uploads", files=files, headers=headers)

    async def request(self, method: str, path: str, headers: Any = None, **more: Any) -> httpx.Response:
        """Names of headers may be written as Python names."""
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        return await self.client.request(method, path, headers=named, **more)


@pytest.fixture
def ada(transactional_db: None) -> Caller:
    return Caller(User.objects.create_user("ada"))


@pytest.fixture
def browser(ada: Caller) -> Caller:
    """Where Ada is signed in."""
    return Caller(ada.user, browser=True)


@pytest.fixture
def bob(transactional_db: None) -> Caller:
    return Caller(User.objects.create_user("bob"))


@pytest.fixture
def staff(transactional_db: None) -> Caller:
    return Caller(User.objects.create_user("grace", is_staff=True))


@pytest.fixture
def anonymous(transactional_db: None) -> Caller:
    return Caller(None)


@pytest.fixture
def job_of_ada(ada: Caller) -> Job:
    result = sample_tasks.add.using(owner=ada.user).enqueue(a=1)
    return Job.objects.get(id=UUID(result.id))


def leave_file(job: Job, name: str, content: bytes = b"made", content_type: str = "text/csv") -> File:
    """As an attempt of the job does. Blocks."""
    Job.objects.filter(id=job.id).update(status=Status.RUNNING, starts=1)
    return store_result(
        job_id=job.id, starts=1, owner_id=job.owner_id, name=name, content=content, content_type=content_type
    )


@pytest.fixture
def small_uploads(settings: Any) -> Iterator[int]:
    """The limit of an upload, in bytes, while the test runs."""
    limit = 1000
    backend = settings.TASKS["default"]
    settings.TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], "max_upload_bytes": limit}}}
    conf.options.cache_clear()
    yield limit
    conf.options.cache_clear()
