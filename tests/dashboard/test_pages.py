"""The pages answer, to those who may see them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from jobs.dashboard.views import PAGE
from jobs.models import Event, File, Job
from tests.planted import Secret
from tests.sample_tasks import add, typed

ADD = add.public_name

#: No job has this id.
ABSENT = UUID(int=7)


@pytest.mark.parametrize("path", ["/", f"/jobs/{ABSENT}", f"/jobs/{ABSENT}/card", f"/jobs/{ABSENT}/timeline"])
async def test_who_is_not_signed_in_is_asked_to(path, transactional_db):
    answer = await AsyncClient().get(path)
    assert (answer.status_code, answer.url) == (302, f"/login/?next={path}")


async def test_signing_in_leads_to_the_page_and_signing_out_back(django_user_model, transactional_db):
    await django_user_model.objects.acreate_user("ada", password=Secret.PASSWORD)
    client = AsyncClient()
    refused = await client.post("/login/", {"username": "ada", "password": Secret.WRONG_PASSWORD})
    assert b"Please enter a correct username and password" in refused.content
    answer = await client.post(
        "/login/", {"username": "ada", "password": Secret.PASSWORD, "next": "/?task=x"}
    )
    assert answer.url == "/?task=x"
    assert (await client.post("/logout/")).url == "/login/"
    assert (await client.get("/")).status_code == 302


async def test_signing_in_leads_to_no_other_site(django_user_model, transactional_db):
    await django_user_model.objects.acreate_user("ada", password=Secret.PASSWORD)
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        form = {"username": "ada", "password": Secret.PASSWORD, "next": elsewhere}
        assert (await AsyncClient().post("/login/", form)).url == "/", elsewhere


async def test_every_exposed_task_can_be_picked(ada):
    page = (await ada.get("/")).content.decode()
    for name in ("reports.build", "images.process", "email.send", "sync.pull", "text.stream"):
        assert f'href="?task={name}"' in page


async def test_picking_a_task_shows_its_form(ada):
    page = (await ada.get("/", task="sample.typed")).content.decode()
    assert 'name="task" value="sample.typed"' in page
    assert 'name="args.rows"' in page


async def test_a_task_that_is_not_exposed_is_not_there(ada):
    assert (await ada.get("/", task="tests.sample_tasks.fail")).status_code == 404
    assert (await ada.submit("tests.sample_tasks.fail")).status_code == 404


async def test_without_tasks_the_page_says_how_to_write_one(ada, monkeypatch):
    monkeypatch.setattr("jobs.dashboard.views.exposed_tasks", dict)
    assert b"No task can be started from here yet." in (await ada.get("/")).content


async def test_a_submitted_form_becomes_a_job_of_the_user(ada):
    answer = await ada.submit(ADD, args__a="1", args__b="5")
    job = await Job.objects.aget()
    assert (answer.status_code, answer.url) == (303, f"/?job={job.id}#job-{job.id}")
    assert (job.owner_id, job.kwargs) == (ada.user.pk, {"a": 1, "b": 5})
    page = (await ada.client.get(answer.url)).content.decode()
    assert f'id="job-{job.id}"' in page


async def test_a_wrong_form_is_shown_again_with_what_was_filled_in(ada):
    answer = await ada.submit("sample.typed", args__rows="11", args__kind="pdf")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "less than or equal to 10, got 11" in page
    assert 'value="11"' in page
    assert not await Job.objects.aexists()


async def test_arguments_that_are_too_large_are_refused_with_a_sentence(ada):
    answer = await ada.submit("sample.anything", args__value="x" * 70_000)
    assert answer.status_code == 422
    assert b"Upload large data as a file" in answer.content


async def test_who_may_submit_no_more_is_told_so_with_the_form(ada, settings):
    backend = settings.TASKS["default"]
    options = {**backend["OPTIONS"], "max_jobs_per_owner": 1}
    settings.TASKS = {"default": {**backend, "OPTIONS": options}}
    first, second = [await ada.submit(ADD, args__a="2") for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 429)
    assert "At most 1 of your jobs" in second.text
    assert await Job.objects.acount() == 1


async def test_a_form_without_its_csrf_token_starts_nothing(ada):
    client = AsyncClient(enforce_csrf_checks=True)
    await client.aforce_login(ada.user)
    answer = await client.post("/", {"task": ADD, "args.a": "1"})
    assert answer.status_code == 403
    assert b"Please send that again" in answer.content
    assert not await Job.objects.aexists()


async def test_another_users_job_is_not_there(ada, eve):
    await ada.submit(ADD, args__a="1")
    job = await Job.objects.aget()
    for path in (f"/jobs/{job.id}", f"/jobs/{job.id}/card", f"/jobs/{job.id}/timeline"):
        assert (await eve.get(path)).status_code == 404
    assert str(job.id) not in (await eve.get("/", job=str(job.id))).content.decode()


async def test_staff_see_everybodys_jobs_and_whose_they_are(ada, staff):
    await ada.submit(ADD, args__a="1")
    page = (await staff.get("/")).content.decode()
    assert "By ada" in page


async def test_a_traceback_is_for_staff(ada, staff):
    await ada.submit(ADD, args__a="1")
    error = {
        "attempt": 1, "exception_class_path": "builtins.ValueError", "message": "no luck",
        "traceback": "secret frame", "worker_id": "w", "at": "",
    }  # fmt: skip
    await Job.objects.aupdate(status="failed", errors=[error], finished_at=datetime.now(UTC))
    job = await Job.objects.aget()
    hers = (await ada.get(f"/jobs/{job.id}")).content.decode()
    assert "no luck" in hers
    assert "secret frame" not in hers
    assert "secret frame" in (await staff.get(f"/jobs/{job.id}")).content.decode()


async def test_what_users_write_is_never_markup(ada):
    script = "<script>alert(1)</script>"
    await ada.submit("sample.anything", args__value=script)
    await Job.objects.aupdate(status="successful", return_value={script: [{script: script}]})
    job = await Job.objects.aget()
    await File.objects.acreate(job=job, owner=ada.user, name=script, content_type="image/png", size=1)
    for path in ("/", f"/jobs/{job.id}"):
        assert script not in (await ada.get(path)).content.decode()


async def test_an_uploads_name_stands_for_its_id(ada):
    upload = await File.objects.acreate(owner=ada.user, name="orders.csv", content_type="text/csv", size=1)
    await typed.using(owner=ada.user).aenqueue(rows=1, source=str(upload.id))
    page = (await ada.get("/")).content.decode()
    assert "orders.csv" in page
    assert str(upload.id) not in page


async def test_the_timeline_tells_what_happened(ada):
    await ada.submit(ADD, args__a="1")
    job = await Job.objects.aget()
    data = {"status": "running", "attempt": 1, "max_attempts": 3, "worker_id": "host-1"}
    await Event.objects.acreate(job=job, seq=2, kind="status", at=datetime.now(UTC), data=data)
    page = (await ada.get(f"/jobs/{job.id}")).content.decode()
    assert "Attempt 1 of 3 on host-1" in page


async def test_a_fragment_is_its_element_alone(ada):
    await ada.submit(ADD, args__a="1")
    job = await Job.objects.aget()
    card = (await ada.get(f"/jobs/{job.id}/card", **{"as": "open"})).content.decode().strip()
    assert card.startswith("<job-card")
    assert card.endswith("</job-card>")


async def test_the_list_goes_on_page_by_page(ada):
    for number in range(PAGE + 3):
        await add.using(owner=ada.user).aenqueue(a=number)
    first = (await ada.get("/")).content.decode()
    ids = [str(job.id) async for job in Job.objects.order_by("-id")]
    assert f"?before={ids[PAGE - 1]}" in first
    second = (await ada.get("/", before=ids[PAGE - 1])).content.decode()
    assert [f'id="job-{each}"' in second for each in ids] == [False] * PAGE + [True] * 3
    assert 'href="?before=' not in second


@pytest.mark.parametrize("query", [{"before": "x"}, {"job": "x"}, {"job": str(ABSENT)}])
async def test_a_mistyped_address_shows_the_page_all_the_same(ada, query):
    assert (await ada.get("/", **query)).status_code == 200


async def test_the_page_refreshes_itself_only_while_something_is_unfinished(ada):
    refresh = '<noscript><meta http-equiv="refresh"'
    assert refresh not in (await ada.get("/")).content.decode()
    await ada.submit(ADD, args__a="1")
    job = await Job.objects.aget()
    assert refresh in (await ada.get("/")).content.decode()
    assert refresh in (await ada.get(f"/jobs/{job.id}")).content.decode()
    assert refresh not in (await ada.get("/", task=ADD)).content.decode(), "it would wipe the form"
    await Job.objects.aupdate(status="successful")
    assert refresh not in (await ada.get("/")).content.decode()


async def test_pages_are_not_kept_by_caches(ada):
    assert "no-store" in (await ada.get("/"))["Cache-Control"]


async def test_a_page_of_jobs_takes_a_fixed_number_of_queries(ada, django_assert_max_num_queries):
    upload = await File.objects.acreate(owner=ada.user, name="a.csv", content_type="text/csv", size=1)
    for _ in range(PAGE):
        await typed.using(owner=ada.user).aenqueue(rows=1, source=str(upload.id))
    client = Client()
    await sync_to_async(client.force_login)(ada.user)

    def look() -> None:
        with django_assert_max_num_queries(6):
            assert client.get("/").status_code == 200

    await sync_to_async(look)()


async def test_a_wrong_address_is_answered_in_the_same_look(ada):
    answer = await ada.get(f"/jobs/{ABSENT}")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is no such job, or it belongs to somebody else." in page
    assert "Go to your jobs" in page
    assert b"The address may be mistyped" in (await ada.get("/nowhere")).content


async def test_a_broken_page_says_so_without_a_traceback(ada, monkeypatch):
    def break_() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("jobs.dashboard.views.exposed_tasks", break_)
    ada.client.raise_request_exception = False
    answer = await ada.get("/")
    assert answer.status_code == 500
    assert b"Something broke on our side" in answer.content
    assert b"secret" not in answer.content


async def test_no_page_holds_inline_script_or_style(ada):
    await ada.submit(ADD, args__a="1")
    job = await Job.objects.aget()
    for path in ("/", f"/jobs/{job.id}", "/login/"):
        page = (await ada.client.get(path, follow=True)).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert page.count("<script") == page.count('<script type="module" src=')
