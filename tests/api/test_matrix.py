"""Every address × everybody who may ask: who gets what. A new address without a row here fails."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.conftest import Caller, leave_file
from tests.sample_tasks import add

SUBMISSION = {"task": add.public_name, "args": {"a": 1}}
JOB = "/api/v1/jobs/<uuidstr:job_id>"

#: What anonymous, the owner, another user and staff get.
MATRIX = {
    ("GET", "/api/v1/openapi.json"): (200, 200, 200, 200),
    ("GET", "/api/v1/tasks"): (401, 200, 200, 200),
    ("GET", "/api/v1/jobs"): (401, 200, 200, 200),
    ("POST", "/api/v1/jobs"): (401, 202, 202, 202),
    ("GET", JOB): (401, 200, 404, 200),
    ("POST", f"{JOB}/cancellation"): (401, 200, 404, 200),
    ("POST", f"{JOB}/retries"): (401, 409, 404, 409),
    ("GET", f"{JOB}/events"): (401, 200, 404, 200),
    ("GET", f"{JOB}/files/<str:name>"): (401, 200, 404, 200),
    ("POST", "/api/v1/uploads"): (401, 201, 201, 201),
}


def routes(patterns, prefix="/"):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


@pytest.fixture
def callers(anonymous, ada, bob, staff):
    return anonymous, ada, bob, staff


@pytest.fixture
def path_of(job_of_ada):
    leave_file(job_of_ada, "a.csv")
    return lambda route: route.replace("<uuidstr:job_id>", str(job_of_ada.id)).replace("<str:name>", "a.csv")


async def ask(caller: Caller, method: str, path: str) -> int:
    if path.endswith("/uploads"):
        return (await caller.upload(("file", ("a.csv", b"1", "text/csv")))).status_code
    return (
        await caller.request(method, path, **({"json": SUBMISSION} if method == "POST" else {}))
    ).status_code


@pytest.mark.parametrize("method, route", MATRIX)
async def test_everybody_gets_what_is_theirs(callers, path_of, method, route):
    path = path_of(route)
    assert tuple([await ask(caller, method, path) for caller in callers]) == MATRIX[method, route]


@pytest.mark.parametrize("method, route", [key for key in MATRIX if key[0] == "GET"])
async def test_head_gives_nothing_that_get_does_not(callers, path_of, method, route):
    path = path_of(route)
    assert tuple([await ask(caller, "HEAD", path) for caller in callers]) == MATRIX[method, route]


async def test_nobody_sees_the_jobs_of_others_in_a_list(ada, bob, staff, job_of_ada):
    seen = [len((await caller.get("/api/v1/jobs")).json()["jobs"]) for caller in (ada, bob, staff)]
    assert seen == [1, 0, 1]


async def test_every_address_has_a_row(ada, path_of):
    """The methods of an address are those that its 405 allows."""
    found = set()
    for route in filter(lambda each: each.startswith("/api/"), routes(get_resolver().url_patterns)):
        refusal = await ada.request("TRACE", path_of(route))
        found |= {(method, route) for method in refusal.headers.get("Allow", "").split(", ")}
    root = ("", "/api/v1/")  # ninja's, a 404
    assert {key for key in found if key[0] != "HEAD"} - {root} == set(MATRIX)
