"""What a public generator makes of the published document compiles, and runs a job to its result."""

import importlib
import sys

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.sample_tasks import add
from tests.worker.working import work_off

PACKAGE = "generated_client"


@pytest.fixture
async def client(ada, tmp_path, monkeypatch):
    document = tmp_path / "openapi.json"
    document.write_bytes((await ada.get("/api/v1/openapi.json")).content)
    config = Config.from_sources(
        ConfigFile(post_hooks=[]),
        MetaType.NONE,
        document,
        "utf-8",
        overwrite=False,
        output_path=tmp_path / PACKAGE,
    )
    problems = generate(config=config)
    # It knows no NDJSON; a batch is an array for it.
    assert not [problem for problem in problems if "x-ndjson" not in str(problem.detail)]
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


async def test_a_generated_client_runs_a_job_to_its_result(client, ada):
    models = importlib.import_module(f"{PACKAGE}.models")
    submit = importlib.import_module(f"{PACKAGE}.api.jobs.submit_job").asyncio
    get = importlib.import_module(f"{PACKAGE}.api.jobs.get_job").asyncio
    caller = client.AuthenticatedClient(base_url="http://testserver", token="unused")
    caller.set_async_httpx_client(ada.client)
    args = models.TestsSampleTasksAddArgs(a=40)
    body = models.TestsSampleTasksAddSubmission(task=add.public_name, args=args, tags=["typed"])
    job = await submit(client=caller, body=body)
    await work_off()
    ended = await get(client=caller, job_id=job.id)
    assert (ended.status, ended.result, ended.tags) == (models.Status.SUCCESSFUL, 42, ["typed"])
