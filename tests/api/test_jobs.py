"""Submitting, listing and looking at jobs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from jobs.api.jobs import reads
from jobs.api.schemas.job import JobOut, JobsOut
from jobs.models import File, Job
from jobs.status import Status
from tests.sample_tasks import add, fail, typed
from tests.stores import in_each

ADD = add.public_name


async def test_a_submitted_job_is_stored_and_its_address_answered(ada):
    answer = await ada.submit(ADD, {"a": 1})
    assert answer.status_code == 202
    job = await Job.objects.aget()
    assert answer.headers["Location"] == f"/api/v1/jobs/{job.id}"
    shown = JobOut.model_validate(answer.json())
    assert (shown.id, shown.task, shown.status, shown.args) == (str(job.id), ADD, "ready", {"a": 1})
    assert shown.owner == ada.user.pk


async def test_what_a_submission_leaves_out_comes_from_the_task(ada):
    answer = await ada.post("/api/v1/jobs", {"task": "sample.typed", "args": {"rows": 2}})
    job = await Job.objects.aget()
    assert answer.json()["queue"] == typed.queue_name
    assert (job.args, job.kwargs) == ([], {"rows": 2})


async def test_a_submission_names_queue_priority_and_the_earliest_start(ada):
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    answer = await ada.submit(ADD, {"a": 1}, queue="reports", priority=-7, run_after=due.isoformat())
    job = await Job.objects.aget()
    assert (job.queue_name, job.priority, job.run_after) == ("reports", -7, due)
    assert answer.json()["status"] == Status.DEFERRED


async def test_a_job_is_accepted_while_redis_is_away(ada, settings):
    tasks = {**settings.TASKS["default"], "OPTIONS": {"redis_url": "unix:///nowhere/valkey.sock"}}
    settings.TASKS = {"default": tasks}
    answer = await ada.submit(ADD, {"a": 1})
    assert answer.status_code == 202
    assert await Job.objects.acount() == 1


async def test_a_job_is_shown_with_an_etag_that_saves_the_next_answer(ada, job_of_ada):
    path = f"/api/v1/jobs/{job_of_ada.id}"
    first = await ada.get(path)
    again = await ada.get(path, if_none_match=first.headers["ETag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    await Job.objects.filter(id=job_of_ada.id).aupdate(seq=2)
    changed = await ada.get(path, if_none_match=first.headers["ETag"])
    assert changed.status_code == 200
    other = await ada.get(path, if_match=first.headers["ETag"])
    assert (other.status_code, other.json()["type"]) == (412, "/docs/problems#precondition-failed")


async def test_a_new_file_changes_the_etag_of_its_job(ada, job_of_ada):
    path = f"/api/v1/jobs/{job_of_ada.id}"
    before = (await ada.get(path)).headers["ETag"]
    await File.objects.acreate(job=job_of_ada, owner=ada.user, name="a.csv", content_type="text/csv", size=0)
    assert (await ada.get(path)).headers["ETag"] != before


async def test_only_staff_see_the_traceback_of_a_failed_attempt(ada, staff):
    error = {
        "attempt": 1,
        "exception_class_path": "builtins.ValueError",
        "message": "no",
        "traceback": "File secret.py",
        "worker_id": "w",
        "at": "2031-01-31T08:00:00+00:00",
    }
    job = await Job.objects.acreate(
        task_path=fail.module_path,
        queue_name="default",
        backend="default",
        owner=ada.user,
        enqueued_at=datetime.now(UTC),
        errors=[error],
    )
    shown = (await ada.get(f"/api/v1/jobs/{job.id}")).json()
    assert (shown["error"]["message"], "traceback" in shown["error"]) == ("no", False)
    assert (await staff.get(f"/api/v1/jobs/{job.id}")).json()["error"]["traceback"] == "File secret.py"


async def test_head_answers_as_get_does_without_a_body(ada, job_of_ada):
    answer = await ada.request("HEAD", f"/api/v1/jobs/{job_of_ada.id}")
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{job_of_ada.id.hex}-1-0"')


async def test_pages_of_a_list_hold_each_job_once_newest_first(ada, bob):
    for number in range(5):
        await add.using(owner=ada.user).aenqueue(number)
    await add.using(owner=bob.user).aenqueue(99)
    seen: list[int] = []
    sizes: list[int] = []
    path: str | None = "/api/v1/jobs?limit=2"
    while path:
        answer = await ada.get(path)
        page = JobsOut.model_validate(answer.json())
        seen += [job.args["a"] for job in page.jobs]
        sizes.append(len(page.jobs))
        assert answer.headers.get("Link") == (f'<{page.next}>; rel="next"' if page.next else None)
        path = page.next
    assert (seen, sizes) == ([4, 3, 2, 1, 0], [2, 2, 1])


async def test_a_page_that_ends_with_the_last_job_names_no_next(ada):
    for number in range(2):
        await add.using(owner=ada.user).aenqueue(number)
    assert (await ada.get("/api/v1/jobs?limit=2")).json()["next"] is None


async def test_a_list_is_filtered_by_status_and_task_and_its_next_page_too(ada):
    for number in range(3):
        await add.using(owner=ada.user).aenqueue(number)
        await typed.using(owner=ada.user).aenqueue(rows=number)
    await Job.objects.filter(kwargs__rows=1).aupdate(status=Status.RUNNING)

    async def rows(query):
        page = (await ada.get(f"/api/v1/jobs?{query}")).json()
        following = (await ada.get(page["next"])).json()["jobs"] if page["next"] else []
        return [job["args"].get("rows") for job in page["jobs"] + following]

    assert await rows("task=sample.typed&limit=2") == [2, 1, 0]
    assert await rows("task=sample.typed&status=running") == [1]
    assert await rows("status=running&status=failed") == [1]
    assert await rows("task=nobody.knows") == []


async def test_staff_list_the_jobs_of_all(staff, job_of_ada):
    listed = (await staff.get("/api/v1/jobs")).json()["jobs"]
    assert [job["id"] for job in listed] == [str(job_of_ada.id)]


async def test_a_list_takes_as_many_queries_for_fifty_jobs_as_for_one(ada):
    await ada.get("/api/v1/jobs")  # notes that the token was used, once a minute
    counts = []
    for number in (1, 49):
        for each in range(number):
            result = await add.using(owner=ada.user).aenqueue(each)
            await File.objects.acreate(
                job_id=result.id, owner=ada.user, name="a.csv", content_type="text/csv", size=0
            )
        counts.append(await count_queries(ada.get("/api/v1/jobs?limit=100")))
    # Which jobs, these, their files; the token is looked up elsewhere.
    assert counts == [3, 3]


async def count_queries(request):
    """Of the threads that read jobs."""
    counted = []

    def count(execute, sql, *more):
        counted.append(sql)
        return execute(sql, *more)

    in_each(reads.thread, lambda: connection.execute_wrappers.append(count))
    try:
        await request
    finally:
        in_each(reads.thread, lambda: connection.execute_wrappers.remove(count))
    return len(counted)


async def test_a_list_takes_every_status_once(ada, job_of_ada):
    every = "&".join(f"status={status}" for status in Status)
    assert len((await ada.get(f"/api/v1/jobs?{every}")).json()["jobs"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=x", "cursor=x", "status=done", "args={", "args=[1]"),
        *(
            "args={%22rows%22:NaN}",
            "&".join(["status=ready"] * 8),
            f"args={'[' * 30_000}",
            f"args={{%22rows%22:{'9' * 5000}}}",
        ),
    ],
    ids=lambda query: query[:20],
)
async def test_a_list_refuses_a_parameter_that_does_not_fit_and_names_it(ada, query):
    answer = await ada.get(f"/api/v1/jobs?{query}")
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [query.partition("=")[0]]
