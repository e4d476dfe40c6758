"""What a public generator makes of the published document compiles, and runs a job to its result."""

from tests.generated import generated_client, part
from tests.sample_tasks import add
from tests.worker.working import work_off


async def test_a_generated_client_runs_a_job_to_its_result(ada, tmp_path):
    document = (await ada.get("/api/v1/openapi.json")).content
    with generated_client(document, tmp_path) as client:
        models = part("models")
        caller = client.AuthenticatedClient(base_url="http://testserver", token="unused")
        caller.set_async_httpx_client(ada.client)
        args = models.TestsSampleTasksAddArgs(a=40)
        body = models.TestsSampleTasksAddSubmission(task=add.public_name, args=args, tags=["typed"])
        job = await part("api.jobs.submit_job").asyncio(client=caller, body=body)
        await work_off()
        ended = await part("api.jobs.get_job").asyncio(client=caller, job_id=job.id)
        assert (ended.status, ended.result, ended.tags) == (models.Status.SUCCESSFUL, 42, ["typed"])
