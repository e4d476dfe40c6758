"""The published document says what the API does."""

import dataclasses

import pytest
from openapi_spec_validator import validate

from jobs.api import contract
from jobs.api.problems import MEDIA_TYPE, Kind
from jobs.api.security import CSRF_SCHEME
from jobs.models import Scope
from jobs.task import exposed_tasks
from tests.sample_tasks import add

FOR_JOB_TOKENS = {
    "GET /api/v1/jobs/{job_id}",
    "GET /api/v1/jobs/{job_id}/events",
    "GET /api/v1/jobs/{job_id}/files/{name}",
    "POST /api/v1/jobs/{job_id}/cancellation",
    "POST /api/v1/tickets",
}


@pytest.fixture
async def document(anonymous):
    answer = await anonymous.get("/api/v1/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def operations(document):
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_the_document_lists_every_operation_once(document):
    assert document["openapi"].startswith("3.1")
    assert [name for name, _ in operations(document)] == [
        "GET /api/v1/tasks",
        "POST /api/v1/jobs",
        "GET /api/v1/jobs",
        "GET /api/v1/jobs/counts",
        "GET /api/v1/jobs/{job_id}",
        "PATCH /api/v1/jobs/{job_id}",
        "POST /api/v1/jobs/batch",
        "POST /api/v1/jobs/actions",
        "POST /api/v1/jobs/{job_id}/cancellation",
        "POST /api/v1/jobs/{job_id}/retries",
        "POST /api/v1/jobs/{job_id}/promotion",
        "GET /api/v1/jobs/{job_id}/events",
        "POST /api/v1/uploads",
        "GET /api/v1/jobs/{job_id}/files/{name}",
        "GET /api/v1/queues",
        "PUT /api/v1/queues/{name}/pause",
        "DELETE /api/v1/queues/{name}/pause",
        "GET /api/v1/workers",
        "GET /api/v1/audit",
        "POST /api/v1/jobs/{job_id}/tokens",
        "POST /api/v1/tickets",
        "POST /api/v1/webhooks",
        "GET /api/v1/webhooks",
        "GET /api/v1/webhooks/{webhook_id}",
        "PATCH /api/v1/webhooks/{webhook_id}",
        "DELETE /api/v1/webhooks/{webhook_id}",
        "POST /api/v1/webhooks/{webhook_id}/secrets",
        "GET /api/v1/webhooks/{webhook_id}/deliveries",
        "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliveries",
    ]
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


async def test_the_document_is_valid(document):
    validate(document)


async def test_every_answer_says_its_headers_and_where_it_leads(document):
    described = dict(operations(document))
    accepted = described["POST /api/v1/jobs"]["responses"]["202"]
    limits = {"RateLimit", "RateLimit-Policy"}
    assert set(accepted["headers"]) == {"Location", "Preference-Applied", "X-Request-ID"} | limits
    assert {"get_job", "cancel_job", "retry_job", "list_events"} < set(accepted["links"])
    ids = {operation["operationId"] for operation in described.values()}
    assert {link["operationId"] for link in document["components"]["links"].values()} < ids


async def test_every_operation_has_a_described_tag(document):
    described = {tag["name"] for tag in document["tags"]}
    assert {tag for _, operation in operations(document) for tag in operation["tags"]} == described


async def test_every_reference_leads_somewhere(document):
    def references(value):
        if isinstance(value, dict):
            if isinstance(target := value.get("$ref"), str):
                yield target
            value = list(value.values())
        for item in value if isinstance(value, list) else ():
            yield from references(item)

    found = set(references(document))
    assert found
    for target in found:
        place = document
        for step in target.removeprefix("#/").split("/"):
            place = place[step]
        assert place


async def test_every_parameter_of_a_path_is_described(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            described = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert described == {part[1:-1] for part in path.split("/") if part.startswith("{")}


@pytest.mark.parametrize(
    "operation, refusals",
    [
        ("GET /api/v1/tasks", set()),
        ("POST /api/v1/jobs", {409, 415, 429}),
        ("POST /api/v1/jobs/batch", {409, 415, 429}),
        ("GET /api/v1/jobs", set()),
        ("GET /api/v1/jobs/{job_id}", {404, 412}),
        ("GET /api/v1/jobs/{job_id}/events", {404}),
        ("POST /api/v1/uploads", {415}),
        ("GET /api/v1/jobs/{job_id}/files/{name}", {404, 412}),
    ],
)
async def test_every_problem_of_an_operation_is_listed(document, operation, refusals):
    responses = dict(operations(document))[operation]["responses"]
    problems = {
        int(status) for status, response in responses.items() if MEDIA_TYPE in response.get("content", {})
    }
    assert problems == refusals | {400, 401, 403, 405, 406, 413, 422, 500, 503}
    assert problems <= {kind.status for kind in Kind}


async def test_all_ways_to_sign_in_are_described(document):
    assert document["components"]["securitySchemes"] == {
        "BearerToken": {"type": "http", "scheme": "bearer"},
        "JobToken": {"type": "http", "scheme": "bearer"},
        "SessionCookie": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        "CsrfToken": CSRF_SCHEME,
    }
    for name, operation in operations(document):
        *job_token, by_token, by_session = operation["security"]
        [scope] = by_token["BearerToken"]
        session = {"SessionCookie": []} if name.startswith("GET") else {"SessionCookie": [], "CsrfToken": []}
        assert (scope in Scope, by_session) == (True, session)
        assert bool(job_token) == (name in FOR_JOB_TOKENS)
        assert job_token in ([], [{"JobToken": [scope]}])


async def test_bodies_are_described(document):
    described = dict(operations(document))
    one = described["POST /api/v1/jobs"]["requestBody"]["content"]["application/json"]["schema"]
    many = described["POST /api/v1/jobs/batch"]["requestBody"]["content"]
    assert one == many["application/json"]["schema"]["items"] == {"$ref": "#/components/schemas/Submission"}
    assert set(many) == {"application/json", "application/x-ndjson"}
    form = described["POST /api/v1/uploads"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]


async def test_each_exposed_task_has_a_schema_of_its_own(document):
    schemas = document["components"]["schemas"]
    union = schemas["Submission"]
    assert union["discriminator"]["propertyName"] == "task"
    mapping = union["discriminator"]["mapping"]
    assert list(mapping) == list(exposed_tasks())
    assert [each["$ref"] for each in union["oneOf"]] == list(mapping.values())
    assert mapping["sample.typed"] == "#/components/schemas/SampleTypedSubmission"
    typed = schemas["SampleTypedSubmission"]
    assert (typed["description"], typed["required"]) == (
        "Takes arguments of several types.",
        ["task", "args"],
    )
    assert typed["properties"]["task"] == {"type": "string", "const": "sample.typed"}
    assert typed["additionalProperties"] is False
    assert {"queue", "priority", "run_after", "tags"} < typed["properties"].keys()
    assert "reports" in typed["properties"]["queue"]["anyOf"][0]["enum"]
    args = schemas["SampleTypedArgs"]
    rows = {"description": "How many rows.", "maximum": 10, "minimum": 1, "title": "Rows", "type": "integer"}
    assert (args["properties"]["rows"], args["required"]) == (rows, ["rows"])
    assert args["properties"]["kind"]["default"] == "csv"


def test_tasks_whose_names_differ_in_signs_alone_get_names_of_their_own():
    named = [dataclasses.replace(add, expose=name) for name in ("a.b_c", "a.b.c", "aB-c", "x")]
    assert list(contract._named(named)) == ["ABC", "ABC2", "ABC3", "X"]
